package recorder

import (
	"context"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// MessageFinder is what a [Store], or the Recorder given to [OneByOne], may have beside: without it the rpc FindLastMessage
// is UNIMPLEMENTED, and a conversation that goes on through another data plane goes on without the model's memory of its
// central tool calls.
type MessageFinder interface {
	// FindLastMessage looks up how the answer with this message went on. It returns the message_id of the last TokenUsage
	// of the newest interception of that actor and provider that has a TokenUsage with the message_id asked for, and has
	// ended, with the tool_call_ids of its injected ToolUsages that were not run (invocation_error begins with
	// "not_run_"). It returns nil if there is none. Any error is told to the logger alone.
	FindLastMessage(ctx context.Context, request *aibridgev1.FindLastMessageRequest) (*aibridgev1.FindLastMessageResponse, error)
}

// FindLastMessage serves the rpc of this name.
func (s *Service) FindLastMessage(ctx context.Context, request *aibridgev1.FindLastMessageRequest) (*aibridgev1.FindLastMessageResponse, error) {
	if _, err := channel.Admit(ctx, s.authenticate); err != nil {
		return nil, err
	}
	finder := finderOf(s.store)
	if finder == nil {
		return nil, status.Error(codes.Unimplemented, "this recorder does not look messages up")
	}
	if request.GetMessageId() == "" {
		return nil, status.Error(codes.InvalidArgument, "message_id is missing")
	}
	limited, cancel := context.WithTimeout(ctx, transactionTimeout)
	defer cancel()
	found, err := finder.FindLastMessage(limited, request)
	if err != nil {
		return nil, s.lookUpFailure(ctx, err)
	}
	if found == nil {
		return nil, status.Error(codes.NotFound, "the actor has no answer with this message_id that has ended")
	}
	return found, nil
}

// finderOf returns nil for a store that finds nothing.
func finderOf(store Store) MessageFinder {
	if single, ok := store.(oneByOne); ok {
		finder, _ := single.recorder.(MessageFinder)
		return finder
	}
	finder, _ := store.(MessageFinder)
	return finder
}

// lookUpFailure is the status of a look-up that failed. Why is for the log alone.
func (s *Service) lookUpFailure(ctx context.Context, err error) error {
	if ctx.Err() != nil { // the data plane has gone
		return status.FromContextError(ctx.Err()).Err()
	}
	s.logger.Error("a message could not be looked up", "error", err)
	return status.Error(codes.Unavailable, "messages cannot be looked up now")
}
