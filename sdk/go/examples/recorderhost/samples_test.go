package main

import (
	"fmt"
	"testing"
	"time"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// someTime has nanoseconds, of which microseconds are stored: someMicros.
var someTime = timestamppb.New(time.Date(2026, 5, 4, 3, 2, 1, 987_654_321, time.UTC))

const someMicros int64 = 1_777_863_721_987_654

// uuid is the id that ends in the number.
func uuid(number int) string {
	return fmt.Sprintf("019ab3f0-6c1e-7a55-8b9f-%012x", number)
}

func pointer(text string) *string { return &text }

func metadata(t *testing.T) *structpb.Struct {
	t.Helper()
	value, err := structpb.NewStruct(map[string]any{"team": "billing", "count": 2})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// fullRecords has one record of each kind with every member set, numbered 1 to 6, of interception 1.
func fullRecords(t *testing.T) []*aibridgev1.Record {
	return []*aibridgev1.Record{
		{Sequence: 1, Record: &aibridgev1.Record_Interception{Interception: &aibridgev1.Interception{
			Id: uuid(1), InitiatorId: "alice", ApiKeyId: "key", Provider: "anthropic", ProviderName: "anthropic-eu",
			Model: "claude-sonnet-4-5", Route: "/v1/messages", Streaming: true, StartedAt: someTime, Client: "Claude Code",
			ClientSessionId: pointer("session"), UserAgent: "claude-cli/2.1.330", CorrelatingToolCallId: pointer("toolu_1"),
			CredentialKind: aibridgev1.CredentialKind_CREDENTIAL_KIND_BYOK, CredentialHint: "sk-a…4f2c", GatewayId: "eu-1",
			Metadata: metadata(t),
		}}},
		{Sequence: 2, Record: &aibridgev1.Record_InterceptionEnded{InterceptionEnded: &aibridgev1.InterceptionEnded{
			Id: uuid(2), InterceptionId: uuid(1), EndedAt: someTime,
			Outcome: aibridgev1.InterceptionOutcome_INTERCEPTION_OUTCOME_FAILED, HttpStatus: 529,
			ErrorType: "overloaded_error", ErrorMessage: "the provider is overloaded",
			TimeToFirstByte: durationpb.New(1_500_000_999), CredentialHint: "sk-b…9d1e", UpstreamTurns: 3,
		}}},
		{Sequence: 3, Record: &aibridgev1.Record_TokenUsage{TokenUsage: &aibridgev1.TokenUsage{
			Id: uuid(3), InterceptionId: uuid(1), MessageId: "msg_1", InputTokens: 2095, OutputTokens: 503,
			CacheReadInputTokens: 18000, CacheWriteInputTokens: 1 << 60, ExtraTokenTypes: map[string]int64{"b": 1, "a": 1 << 60},
			Source: aibridgev1.UsageSource_USAGE_SOURCE_PARTIAL, ServiceTier: "standard", CreatedAt: someTime, Metadata: metadata(t),
		}}},
		{Sequence: 4, Record: &aibridgev1.Record_PromptUsage{PromptUsage: &aibridgev1.PromptUsage{
			Id: uuid(4), InterceptionId: uuid(1), MessageId: "msg_1", Prompt: "why?\x00\n\U0001f914", CreatedAt: someTime,
			Metadata: metadata(t),
		}}},
		{Sequence: 5, Record: &aibridgev1.Record_ToolUsage{ToolUsage: &aibridgev1.ToolUsage{
			Id: uuid(5), InterceptionId: uuid(1), MessageId: "msg_1", ToolCallId: "toolu_2", Tool: "ask",
			ServerUrl: pointer("https://mcp.example.com/mcp"), Input: "{not json", Injected: true,
			InvocationError: pointer("timeout"), Duration: durationpb.New(60 * time.Second), CreatedAt: someTime,
			Metadata: metadata(t),
		}}},
		{Sequence: 6, Record: &aibridgev1.Record_ModelThought{ModelThought: &aibridgev1.ModelThought{
			Id: uuid(6), InterceptionId: uuid(1), MessageId: "msg_1", Content: "hm", CreatedAt: someTime,
			Source: aibridgev1.ThoughtSource_THOUGHT_SOURCE_REASONING_SUMMARY, Metadata: metadata(t),
		}}},
	}
}

// bareRecords has one record of each kind with the least that is valid.
func bareRecords() []*aibridgev1.Record {
	return []*aibridgev1.Record{
		{Sequence: 1, Record: &aibridgev1.Record_Interception{Interception: &aibridgev1.Interception{
			Id: uuid(1), StartedAt: someTime,
		}}},
		{Sequence: 2, Record: &aibridgev1.Record_InterceptionEnded{InterceptionEnded: end(2, 1, false)}},
		{Sequence: 3, Record: &aibridgev1.Record_TokenUsage{TokenUsage: &aibridgev1.TokenUsage{
			Id: uuid(3), InterceptionId: uuid(1), CreatedAt: someTime, Source: aibridgev1.UsageSource_USAGE_SOURCE_MISSING,
		}}},
		{Sequence: 4, Record: &aibridgev1.Record_PromptUsage{PromptUsage: &aibridgev1.PromptUsage{
			Id: uuid(4), InterceptionId: uuid(1), CreatedAt: someTime,
		}}},
		{Sequence: 5, Record: &aibridgev1.Record_ToolUsage{ToolUsage: &aibridgev1.ToolUsage{
			Id: uuid(5), InterceptionId: uuid(1), CreatedAt: someTime,
		}}},
		{Sequence: 6, Record: &aibridgev1.Record_ModelThought{ModelThought: &aibridgev1.ModelThought{
			Id: uuid(6), InterceptionId: uuid(1), CreatedAt: someTime, Source: aibridgev1.ThoughtSource_THOUGHT_SOURCE_THINKING,
		}}},
	}
}

func end(number, interception int, provisional bool) *aibridgev1.InterceptionEnded {
	return &aibridgev1.InterceptionEnded{
		Id: uuid(number), InterceptionId: uuid(interception), EndedAt: someTime, Provisional: provisional,
		Outcome: aibridgev1.InterceptionOutcome_INTERCEPTION_OUTCOME_COMPLETED,
	}
}
