package main

import (
	"context"
	"database/sql"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// transaction stores records in one transaction of the database. It is a recorder.Recorder; what comes in was checked.
type transaction struct {
	tx         *sql.Tx
	statements statements
}

func (t transaction) RecordInterception(ctx context.Context, r *aibridgev1.Interception) error {
	return t.insert(ctx, insertInterception, r.GetId(), r.GetInitiatorId(), r.GetApiKeyId(), r.GetProvider(),
		r.GetProviderName(), r.GetModel(), r.GetRoute(), r.GetStreaming(), micros(r.GetStartedAt()), r.GetClient(),
		r.ClientSessionId, r.GetUserAgent(), r.CorrelatingToolCallId, r.GetCredentialKind().String(),
		r.GetCredentialHint(), r.GetGatewayId(), jsonOfStruct(r.GetMetadata()))
}

func (t transaction) RecordInterceptionEnded(ctx context.Context, r *aibridgev1.InterceptionEnded) error {
	return t.insert(ctx, insertInterceptionEnd, r.GetInterceptionId(), r.GetId(), micros(r.GetEndedAt()),
		r.GetOutcome().String(), r.GetProvisional(), r.GetHttpStatus(), r.GetErrorType(), r.GetErrorMessage(),
		optionalMicros(r.GetTimeToFirstByte()), r.GetCredentialHint(), r.GetUpstreamTurns())
}

func (t transaction) RecordTokenUsage(ctx context.Context, r *aibridgev1.TokenUsage) error {
	return t.insert(ctx, insertTokenUsage, r.GetId(), r.GetInterceptionId(), r.GetMessageId(), r.GetInputTokens(),
		r.GetOutputTokens(), r.GetCacheReadInputTokens(), r.GetCacheWriteInputTokens(),
		jsonOfCounts(r.GetExtraTokenTypes()), r.GetSource().String(), r.GetServiceTier(), micros(r.GetCreatedAt()),
		jsonOfStruct(r.GetMetadata()))
}

func (t transaction) RecordPromptUsage(ctx context.Context, r *aibridgev1.PromptUsage) error {
	return t.insert(ctx, insertPromptUsage, r.GetId(), r.GetInterceptionId(), r.GetMessageId(), r.GetPrompt(),
		micros(r.GetCreatedAt()), jsonOfStruct(r.GetMetadata()))
}

func (t transaction) RecordToolUsage(ctx context.Context, r *aibridgev1.ToolUsage) error {
	return t.insert(ctx, insertToolUsage, r.GetId(), r.GetInterceptionId(), r.GetMessageId(), r.GetToolCallId(),
		r.GetTool(), r.ServerUrl, r.GetInput(), r.GetInjected(), r.InvocationError, optionalMicros(r.GetDuration()),
		micros(r.GetCreatedAt()), jsonOfStruct(r.GetMetadata()))
}

func (t transaction) RecordModelThought(ctx context.Context, r *aibridgev1.ModelThought) error {
	return t.insert(ctx, insertModelThought, r.GetId(), r.GetInterceptionId(), r.GetMessageId(), r.GetContent(),
		r.GetSource().String(), micros(r.GetCreatedAt()), jsonOfStruct(r.GetMetadata()))
}

func (t transaction) insert(ctx context.Context, statement string, values ...any) error {
	_, err := t.tx.StmtContext(ctx, t.statements[statement]).ExecContext(ctx, values...)
	return err
}

// micros is the microseconds since 1970 of a time; what is finer is cut off.
func micros(time *timestamppb.Timestamp) int64 {
	return time.GetSeconds()*1_000_000 + int64(time.GetNanos())/1_000
}

// optionalMicros is a span in microseconds, nil (NULL) if it is absent.
func optionalMicros(span *durationpb.Duration) any {
	if span == nil {
		return nil
	}
	return span.GetSeconds()*1_000_000 + int64(span.GetNanos())/1_000
}
