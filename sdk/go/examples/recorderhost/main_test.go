package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestMisuseExitsWith2(t *testing.T) {
	for name, test := range map[string]struct {
		key       string
		arguments []string
		want      string
	}{
		"no gateway key":       {"", nil, "AIBRIDGE_GATEWAY_KEY: the gateway key has 0 characters"},
		"a short gateway key":  {testKey[1:], nil, "AIBRIDGE_GATEWAY_KEY: the gateway key has 31 characters"},
		"an unknown flag":      {testKey, []string{"--lisen", "127.0.0.1:0"}, "-lisen"},
		"an argument too many": {testKey, []string{"records.db"}, `"records.db"`},
		"an address of a net":  {testKey, []string{"--listen", "0.0.0.0:0"}, "0.0.0.0:0 is not a loopback address"},
		"no address":           {testKey, []string{"--listen", "nowhere"}, "--listen"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			output, err := command(ctx, test.key, test.arguments...).CombinedOutput()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != misused || !strings.Contains(string(output), test.want) {
				t.Errorf("got %v, %q; want exit code 2 and %q", err, output, test.want)
			}
		})
	}
}

func TestSigtermStopsTheHostInOrder(t *testing.T) {
	host := startHost(t, databaseFile(t))
	stream := host.openStream(t)
	if err := stream.Send(&aibridgev1.StreamRecordsRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	if err := host.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the stream ended with %v, want code Unavailable", err)
	}
	if err := host.process.Wait(); err != nil {
		t.Errorf("the host ended with %v, want exit code 0", err)
	}
}

// The host is killed in the middle of a stream. What it acknowledged is there after the restart; when everything comes
// again, as after any break, each record is there once.
func TestKilledHostKeepsWhatItAcknowledged(t *testing.T) {
	const batches, batchSize = 200, 50
	database := databaseFile(t)
	host := startHost(t, database)
	acknowledged := sendUntilKilled(t, host, batches, batchSize)

	host = startHost(t, database)
	db := openDatabase(t, database)
	query := fmt.Sprintf("select count(*) from prompt_usages where id <= '%s'", uuid(acknowledged))
	if got, want := rows(t, db, query), row(acknowledged); !slices.Equal(got, []string{want}) {
		t.Errorf("of %d acknowledged records there are %s", acknowledged, got)
	}
	sendAll(t, host, batches, batchSize)
	want := row(batches * batchSize)
	if got := rows(t, db, "select count(*) from prompt_usages"); !slices.Equal(got, []string{want}) {
		t.Errorf("after everything came again there are %s records, want %s", got, want)
	}
}

// sendUntilKilled sends batches, kills the host when half of them are on their way and three answers have come, and
// returns how many records were acknowledged.
func sendUntilKilled(t *testing.T, host *hostProcess, batches, batchSize int) int {
	t.Helper()
	stream := host.openStream(t)
	killed := make(chan struct{})
	go func() {
		for number := range batches {
			if number == batches/2 {
				<-killed
			}
			if stream.Send(promptBatch(number, batchSize)) != nil {
				return // it is gone
			}
		}
	}()
	acknowledged := 0
	for answers := 1; ; answers++ {
		response, err := stream.Recv()
		if err != nil {
			break
		}
		acknowledged = int(response.GetAcknowledgedSequence())
		if answers == 3 {
			if err := host.process.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			close(killed)
		}
	}
	host.process.Wait()
	return acknowledged
}

// sendAll sends the same batches and waits until the host has acknowledged them all.
func sendAll(t *testing.T, host *hostProcess, batches, batchSize int) {
	t.Helper()
	stream := host.openStream(t)
	for number := range batches {
		if err := stream.Send(promptBatch(number, batchSize)); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	for acknowledged := uint64(0); ; {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) && acknowledged == uint64(batches*batchSize) {
			return
		}
		if err != nil {
			t.Fatalf("after %d acknowledgements: %v", acknowledged, err)
		}
		acknowledged = response.GetAcknowledgedSequence()
	}
}

// promptBatch is the batch of this number, from 0; the ids of its records are their sequences.
func promptBatch(number, size int) *aibridgev1.StreamRecordsRequest {
	request := &aibridgev1.StreamRecordsRequest{}
	for sequence := number*size + 1; sequence <= (number+1)*size; sequence++ {
		request.Records = append(request.Records, &aibridgev1.Record{
			Sequence: uint64(sequence),
			Record: &aibridgev1.Record_PromptUsage{PromptUsage: &aibridgev1.PromptUsage{
				Id: uuid(sequence), InterceptionId: uuid(0), Prompt: fmt.Sprintf("question %d", sequence), CreatedAt: someTime,
			}},
		})
	}
	return request
}
