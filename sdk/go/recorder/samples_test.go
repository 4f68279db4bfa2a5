package recorder_test

import (
	"fmt"
	"time"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

var someTime = timestamppb.New(time.Date(2026, 5, 4, 3, 2, 1, 987_654_321, time.UTC))

// uuid is the id that ends in the number.
func uuid(number int) string {
	return fmt.Sprintf("019ab3f0-6c1e-7a55-8b9f-%012x", number)
}

// Samples of the six kinds, with the least that is valid.

func interception(number int) *aibridgev1.Interception {
	return &aibridgev1.Interception{Id: uuid(number), StartedAt: someTime, GatewayId: "claimed"}
}

func ended(number int) *aibridgev1.InterceptionEnded {
	return &aibridgev1.InterceptionEnded{
		Id: uuid(number), InterceptionId: uuid(0), EndedAt: someTime,
		Outcome: aibridgev1.InterceptionOutcome_INTERCEPTION_OUTCOME_COMPLETED,
	}
}

func tokenUsage(number int) *aibridgev1.TokenUsage {
	return &aibridgev1.TokenUsage{
		Id: uuid(number), InterceptionId: uuid(0), CreatedAt: someTime, Source: aibridgev1.UsageSource_USAGE_SOURCE_REPORTED,
	}
}

func prompt(number int) *aibridgev1.PromptUsage {
	return &aibridgev1.PromptUsage{Id: uuid(number), InterceptionId: uuid(0), CreatedAt: someTime}
}

func toolUsage(number int) *aibridgev1.ToolUsage {
	return &aibridgev1.ToolUsage{Id: uuid(number), InterceptionId: uuid(0), CreatedAt: someTime}
}

func thought(number int) *aibridgev1.ModelThought {
	return &aibridgev1.ModelThought{
		Id: uuid(number), InterceptionId: uuid(0), CreatedAt: someTime, Source: aibridgev1.ThoughtSource_THOUGHT_SOURCE_THINKING,
	}
}

// prompts is a batch of prompts with these sequences, which are also their numbers.
func prompts(first, last int) *aibridgev1.StreamRecordsRequest {
	request := &aibridgev1.StreamRecordsRequest{}
	for number := first; number <= last; number++ {
		request.Records = append(request.Records, promptRecord(number))
	}
	return request
}

func promptRecord(number int) *aibridgev1.Record {
	return &aibridgev1.Record{
		Sequence: uint64(number), Record: &aibridgev1.Record_PromptUsage{PromptUsage: prompt(number)},
	}
}
