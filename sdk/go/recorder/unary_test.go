package recorder_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"github.com/aibridge/aibridge/sdk/go/recorder"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// callEach calls the six methods with the samples 1 to 6.
func callEach(t *testing.T, client aibridgev1.RecorderServiceClient) {
	t.Helper()
	ctx := signed(t)
	_, err1 := client.RecordInterception(ctx, &aibridgev1.RecordInterceptionRequest{Interception: interception(1)})
	_, err2 := client.RecordInterceptionEnded(ctx, &aibridgev1.RecordInterceptionEndedRequest{InterceptionEnded: ended(2)})
	_, err3 := client.RecordTokenUsage(ctx, &aibridgev1.RecordTokenUsageRequest{TokenUsage: tokenUsage(3)})
	_, err4 := client.RecordPromptUsage(ctx, &aibridgev1.RecordPromptUsageRequest{PromptUsage: prompt(4)})
	_, err5 := client.RecordToolUsage(ctx, &aibridgev1.RecordToolUsageRequest{ToolUsage: toolUsage(5)})
	_, err6 := client.RecordModelThought(ctx, &aibridgev1.RecordModelThoughtRequest{ModelThought: thought(6)})
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		t.Fatal(err)
	}
}

func TestUnaryMethodsReachTheirKind(t *testing.T) {
	host := &memoryHost{}
	callEach(t, start(t, host).client)
	want := []string{
		"interception " + uuid(1), "end " + uuid(2), "token usage " + uuid(3),
		"prompt " + uuid(4), "tool usage " + uuid(5), "thought " + uuid(6),
	}
	if !slices.Equal(host.records(), want) {
		t.Errorf("stored %q, want %q", host.records(), want)
	}
}

func TestOneByOne(t *testing.T) {
	host := &memoryHost{}
	direct := &transaction{host: host}
	callEach(t, start(t, recorder.OneByOne(direct)).client)
	if len(direct.stored) != 6 {
		t.Errorf("stored %q, want six records", direct.stored)
	}
}

func TestUnaryStatuses(t *testing.T) {
	host := &memoryHost{refuse: map[string]error{uuid(2): recorder.Reject("no such tenant")}}
	server := start(t, host)
	record := func(prompt *aibridgev1.PromptUsage) error {
		_, err := server.client.RecordPromptUsage(signed(t), &aibridgev1.RecordPromptUsageRequest{PromptUsage: prompt})
		return err
	}
	for name, test := range map[string]struct {
		prompt      *aibridgev1.PromptUsage
		wantCode    codes.Code
		wantMessage string
	}{
		"no record at all":    {nil, codes.InvalidArgument, "id must be"},
		"an invalid record":   {&aibridgev1.PromptUsage{Id: uuid(1)}, codes.InvalidArgument, "interception_id must be"},
		"refused by the host": {prompt(2), codes.InvalidArgument, "no such tenant"},
		"larger than 2 MiB":   {withText(3, recorder.MaxRecordBytes), codes.OutOfRange, "at most 2097152 are stored"},
		"nearly 2 MiB":        {withText(4, recorder.MaxRecordBytes-200), codes.OK, ""},
		"everything as it is": {prompt(5), codes.OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := record(test.prompt)
			if status.Code(err) != test.wantCode || !strings.Contains(status.Convert(err).Message(), test.wantMessage) {
				t.Errorf("got %v, want code %v and %q", err, test.wantCode, test.wantMessage)
			}
		})
	}
	host.set(func(host *memoryHost) { host.failure = errors.New("disk full") })
	if err := record(prompt(6)); status.Code(err) != codes.Unavailable {
		t.Errorf("while the store is away: got %v, want code Unavailable", err)
	}
}

// withText is a prompt with that many bytes of text.
func withText(number, bytes int) *aibridgev1.PromptUsage {
	long := prompt(number)
	long.Prompt = strings.Repeat("x", bytes)
	return long
}

func TestEveryMethodNeedsTheGatewayKey(t *testing.T) {
	host := &memoryHost{}
	server := start(t, host)
	_, err := server.client.RecordPromptUsage(t.Context(), &aibridgev1.RecordPromptUsageRequest{PromptUsage: prompt(1)})
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("unary: got %v, want code Unauthenticated", err)
	}
	stream, err := server.client.StreamRecords(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unauthenticated {
		t.Errorf("stream: got %v, want code Unauthenticated", err)
	}
	if got := host.records(); len(got) > 0 {
		t.Errorf("stored %q", got)
	}
	health, err := grpc_health_v1.NewHealthClient(server.connection).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || health.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health: got %v, %v; want SERVING, without a key", health, err)
	}
}

func TestTheAuthenticatedGatewayIsRecorded(t *testing.T) {
	for name, want := range map[string]string{"eu-1": "eu-1", "": "claimed"} {
		host := &memoryHost{}
		authenticate, err := channel.NamedKeys(map[string]string{name: gatewayKey})
		if err != nil {
			t.Fatal(err)
		}
		callEach(t, startWith(t, host, authenticate).client)
		if !slices.Equal(host.gateways, []string{want}) {
			t.Errorf("key of %q: recorded %q, want %q", name, host.gateways, want)
		}
	}
}
