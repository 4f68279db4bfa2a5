package recorder

import (
	"context"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// RecordInterception serves the rpc of this name.
func (s *Service) RecordInterception(ctx context.Context, request *aibridgev1.RecordInterceptionRequest) (*aibridgev1.RecordInterceptionResponse, error) {
	record := &aibridgev1.Record{Record: &aibridgev1.Record_Interception{Interception: request.GetInterception()}}
	return &aibridgev1.RecordInterceptionResponse{}, s.saveOne(ctx, record)
}

// RecordInterceptionEnded serves the rpc of this name.
func (s *Service) RecordInterceptionEnded(ctx context.Context, request *aibridgev1.RecordInterceptionEndedRequest) (*aibridgev1.RecordInterceptionEndedResponse, error) {
	record := &aibridgev1.Record{Record: &aibridgev1.Record_InterceptionEnded{InterceptionEnded: request.GetInterceptionEnded()}}
	return &aibridgev1.RecordInterceptionEndedResponse{}, s.saveOne(ctx, record)
}

// RecordTokenUsage serves the rpc of this name.
func (s *Service) RecordTokenUsage(ctx context.Context, request *aibridgev1.RecordTokenUsageRequest) (*aibridgev1.RecordTokenUsageResponse, error) {
	record := &aibridgev1.Record{Record: &aibridgev1.Record_TokenUsage{TokenUsage: request.GetTokenUsage()}}
	return &aibridgev1.RecordTokenUsageResponse{}, s.saveOne(ctx, record)
}

// RecordPromptUsage serves the rpc of this name.
func (s *Service) RecordPromptUsage(ctx context.Context, request *aibridgev1.RecordPromptUsageRequest) (*aibridgev1.RecordPromptUsageResponse, error) {
	record := &aibridgev1.Record{Record: &aibridgev1.Record_PromptUsage{PromptUsage: request.GetPromptUsage()}}
	return &aibridgev1.RecordPromptUsageResponse{}, s.saveOne(ctx, record)
}

// RecordToolUsage serves the rpc of this name.
func (s *Service) RecordToolUsage(ctx context.Context, request *aibridgev1.RecordToolUsageRequest) (*aibridgev1.RecordToolUsageResponse, error) {
	record := &aibridgev1.Record{Record: &aibridgev1.Record_ToolUsage{ToolUsage: request.GetToolUsage()}}
	return &aibridgev1.RecordToolUsageResponse{}, s.saveOne(ctx, record)
}

// RecordModelThought serves the rpc of this name.
func (s *Service) RecordModelThought(ctx context.Context, request *aibridgev1.RecordModelThoughtRequest) (*aibridgev1.RecordModelThoughtResponse, error) {
	record := &aibridgev1.Record{Record: &aibridgev1.Record_ModelThought{ModelThought: request.GetModelThought()}}
	return &aibridgev1.RecordModelThoughtResponse{}, s.saveOne(ctx, record)
}

// saveOne stores the record of a unary call. A request without one fails the check of its id.
func (s *Service) saveOne(ctx context.Context, record *aibridgev1.Record) error {
	gateway, err := channel.Admit(ctx, s.authenticate)
	if err != nil {
		return err
	}
	refused, err := s.save(ctx, gateway, []*aibridgev1.Record{record})
	if err != nil {
		return err
	}
	for _, rejection := range refused {
		return status.Error(codes.Code(rejection.GetCode()), rejection.GetMessage())
	}
	return nil
}
