package recorder

import (
	"math"
	"strings"
	"testing"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const validID = "019ab3f0-6c1e-7a55-8b9f-0d6c7f1a2b3c"

var validTime = &timestamppb.Timestamp{Seconds: 1}

func TestCheck(t *testing.T) {
	infinite := &structpb.Struct{Fields: map[string]*structpb.Value{"nested": structpb.NewListValue(
		&structpb.ListValue{Values: []*structpb.Value{structpb.NewStructValue(
			&structpb.Struct{Fields: map[string]*structpb.Value{"n": structpb.NewNumberValue(math.Inf(1))}})}})}}
	for _, test := range []struct {
		want   string
		record *aibridgev1.Record
	}{
		{"", started(func(*aibridgev1.Interception) {})},
		{"id must be a lower-case hyphenated UUID", started(func(r *aibridgev1.Interception) { r.Id = "" })},
		{"id must be a lower-case hyphenated UUID", started(func(r *aibridgev1.Interception) { r.Id = strings.ToUpper(validID) })},
		{"id must be a lower-case hyphenated UUID", started(func(r *aibridgev1.Interception) { r.Id += "\n" })},
		{"started_at is missing", started(func(r *aibridgev1.Interception) { r.StartedAt = nil })},
		{"started_at must be a time from 1970 to 9999", started(func(r *aibridgev1.Interception) {
			r.StartedAt = &timestamppb.Timestamp{Seconds: -1}
		})},
		{"started_at must be a time from 1970 to 9999", started(func(r *aibridgev1.Interception) {
			r.StartedAt = &timestamppb.Timestamp{Nanos: 1_000_000_000}
		})},
		{"metadata has a number that is not finite", started(func(r *aibridgev1.Interception) { r.Metadata = infinite })},

		{"", finished(func(*aibridgev1.InterceptionEnded) {})},
		{"interception_id must be a lower-case hyphenated UUID", finished(func(r *aibridgev1.InterceptionEnded) { r.InterceptionId = "1" })},
		{"ended_at is missing", finished(func(r *aibridgev1.InterceptionEnded) { r.EndedAt = nil })},
		{"outcome is missing", finished(func(r *aibridgev1.InterceptionEnded) { r.Outcome = 0 })},
		{"outcome has the unknown value 99", finished(func(r *aibridgev1.InterceptionEnded) { r.Outcome = 99 })},
		{"http_status must not be negative", finished(func(r *aibridgev1.InterceptionEnded) { r.HttpStatus = -1 })},
		{"upstream_turns must not be negative", finished(func(r *aibridgev1.InterceptionEnded) { r.UpstreamTurns = -1 })},
		{"time_to_first_byte must be a span of time that is not negative", finished(func(r *aibridgev1.InterceptionEnded) {
			r.TimeToFirstByte = &durationpb.Duration{Nanos: -1}
		})},

		{"", counted(func(*aibridgev1.TokenUsage) {})},
		{"source is missing", counted(func(r *aibridgev1.TokenUsage) { r.Source = 0 })},
		{"input_tokens must not be negative", counted(func(r *aibridgev1.TokenUsage) { r.InputTokens = -1 })},
		{"output_tokens must not be negative", counted(func(r *aibridgev1.TokenUsage) { r.OutputTokens = -1 })},
		{"cache_read_input_tokens must not be negative", counted(func(r *aibridgev1.TokenUsage) { r.CacheReadInputTokens = -1 })},
		{"cache_write_input_tokens must not be negative", counted(func(r *aibridgev1.TokenUsage) { r.CacheWriteInputTokens = -1 })},
		{"metadata has a number that is not finite", counted(func(r *aibridgev1.TokenUsage) { r.Metadata = infinite })},

		{"", asked(func(*aibridgev1.PromptUsage) {})},
		{"created_at is missing", asked(func(r *aibridgev1.PromptUsage) { r.CreatedAt = nil })},

		{"", called(func(r *aibridgev1.ToolUsage) { r.Duration = &durationpb.Duration{Seconds: 315_576_000_000} })},
		{"duration must be a span of time that is not negative", called(func(r *aibridgev1.ToolUsage) {
			r.Duration = &durationpb.Duration{Seconds: 315_576_000_001}
		})},

		{"", thought(func(*aibridgev1.ModelThought) {})},
		{"source has the unknown value -1", thought(func(r *aibridgev1.ModelThought) { r.Source = -1 })},

		{"the kind of the record is not known to this recorder", &aibridgev1.Record{}},
		{"the kind of the record is not known to this recorder", nil},
	} {
		got := ""
		if rejection := check(test.record); rejection != nil {
			got = rejection.message
		}
		if got != test.want {
			t.Errorf("%v: got %q, want %q", test.record, got, test.want)
		}
	}
}

// Records of the six kinds, valid but for what the change does.

func started(change func(*aibridgev1.Interception)) *aibridgev1.Record {
	message := &aibridgev1.Interception{Id: validID, StartedAt: validTime}
	change(message)
	return &aibridgev1.Record{Record: &aibridgev1.Record_Interception{Interception: message}}
}

func finished(change func(*aibridgev1.InterceptionEnded)) *aibridgev1.Record {
	message := &aibridgev1.InterceptionEnded{
		Id: validID, InterceptionId: validID, EndedAt: validTime,
		Outcome: aibridgev1.InterceptionOutcome_INTERCEPTION_OUTCOME_FAILED,
	}
	change(message)
	return &aibridgev1.Record{Record: &aibridgev1.Record_InterceptionEnded{InterceptionEnded: message}}
}

func counted(change func(*aibridgev1.TokenUsage)) *aibridgev1.Record {
	message := &aibridgev1.TokenUsage{
		Id: validID, InterceptionId: validID, CreatedAt: validTime, Source: aibridgev1.UsageSource_USAGE_SOURCE_MISSING,
	}
	change(message)
	return &aibridgev1.Record{Record: &aibridgev1.Record_TokenUsage{TokenUsage: message}}
}

func asked(change func(*aibridgev1.PromptUsage)) *aibridgev1.Record {
	message := &aibridgev1.PromptUsage{Id: validID, InterceptionId: validID, CreatedAt: validTime}
	change(message)
	return &aibridgev1.Record{Record: &aibridgev1.Record_PromptUsage{PromptUsage: message}}
}

func called(change func(*aibridgev1.ToolUsage)) *aibridgev1.Record {
	message := &aibridgev1.ToolUsage{Id: validID, InterceptionId: validID, CreatedAt: validTime}
	change(message)
	return &aibridgev1.Record{Record: &aibridgev1.Record_ToolUsage{ToolUsage: message}}
}

func thought(change func(*aibridgev1.ModelThought)) *aibridgev1.Record {
	message := &aibridgev1.ModelThought{
		Id: validID, InterceptionId: validID, CreatedAt: validTime, Source: aibridgev1.ThoughtSource_THOUGHT_SOURCE_REASONING,
	}
	change(message)
	return &aibridgev1.Record{Record: &aibridgev1.Record_ModelThought{ModelThought: message}}
}
