package recorder

import (
	"context"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

var errUnknownKind = &rejection{codes.Unimplemented, "the kind of the record is not known to this recorder"}

// content returns the message of one of the six kinds that a record holds, nil if its kind is unknown.
func content(record *aibridgev1.Record) interface {
	proto.Message
	GetId() string
} {
	switch kind := record.GetRecord().(type) {
	case *aibridgev1.Record_Interception:
		return kind.Interception
	case *aibridgev1.Record_InterceptionEnded:
		return kind.InterceptionEnded
	case *aibridgev1.Record_TokenUsage:
		return kind.TokenUsage
	case *aibridgev1.Record_PromptUsage:
		return kind.PromptUsage
	case *aibridgev1.Record_ToolUsage:
		return kind.ToolUsage
	case *aibridgev1.Record_ModelThought:
		return kind.ModelThought
	default:
		return nil
	}
}

// dispatch hands a record to the method of its kind. An interception gets the gateway that was authenticated, if its key
// names one, in place of the one it claims.
func dispatch(ctx context.Context, recorder Recorder, gateway string, record *aibridgev1.Record) error {
	switch value := content(record).(type) {
	case *aibridgev1.Interception:
		if gateway != "" {
			value.GatewayId = gateway
		}
		return recorder.RecordInterception(ctx, value)
	case *aibridgev1.InterceptionEnded:
		return recorder.RecordInterceptionEnded(ctx, value)
	case *aibridgev1.TokenUsage:
		return recorder.RecordTokenUsage(ctx, value)
	case *aibridgev1.PromptUsage:
		return recorder.RecordPromptUsage(ctx, value)
	case *aibridgev1.ToolUsage:
		return recorder.RecordToolUsage(ctx, value)
	case *aibridgev1.ModelThought:
		return recorder.RecordModelThought(ctx, value)
	default:
		return errUnknownKind
	}
}
