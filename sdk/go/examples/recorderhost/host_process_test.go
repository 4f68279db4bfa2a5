package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	grpcmetadata "google.golang.org/grpc/metadata"
)

const testKey = "0123456789abcdef0123456789abcdef"

// runAsHost, set in the environment, makes the test binary behave like the command itself.
const runAsHost = "RECORDERHOST_TEST_RUN_AS_HOST"

func TestMain(m *testing.M) {
	if os.Getenv(runAsHost) != "" {
		main()
	}
	os.Exit(m.Run())
}

// command is the example with these arguments and this gateway key.
func command(ctx context.Context, key string, arguments ...string) *exec.Cmd {
	host := exec.CommandContext(ctx, os.Args[0], arguments...)
	host.Env = append(os.Environ(), runAsHost+"=1", envOfKey+"="+key)
	return host
}

// hostProcess is the example, running, with a connection to it.
type hostProcess struct {
	process *exec.Cmd
	client  aibridgev1.RecorderServiceClient
}

// startHost starts the example on a free port with a database file and waits until it serves.
func startHost(t testing.TB, database string) *hostProcess {
	t.Helper()
	process := command(context.Background(), testKey, "--listen", "127.0.0.1:0", "--database", database)
	process.Stderr = os.Stderr
	output, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Process.Kill() })
	line, err := bufio.NewReader(output).ReadString('\n')
	address, found := strings.CutPrefix(strings.TrimSpace(line), "recorder serves on ")
	if err != nil || !found {
		t.Fatalf("the host said %q, error %v", line, err)
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return &hostProcess{process, aibridgev1.NewRecorderServiceClient(connection)}
}

// openStream opens a stream as a data plane does.
func (h *hostProcess) openStream(t testing.TB) aibridgev1.RecorderService_StreamRecordsClient {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	stream, err := h.client.StreamRecords(grpcmetadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+testKey))
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// record sends records over a stream of their own and waits until they are acknowledged.
func (h *hostProcess) record(t testing.TB, records ...*aibridgev1.Record) {
	t.Helper()
	stream := h.openStream(t)
	if err := stream.Send(&aibridgev1.StreamRecordsRequest{Records: records}); err != nil {
		t.Fatal(err)
	}
	response, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	if response.GetAcknowledgedSequence() != uint64(len(records)) || len(response.GetRejected()) > 0 {
		t.Fatalf("got %v, want %d records acknowledged and none rejected", response, len(records))
	}
}

// databaseFile is where a host of this test keeps its records.
func databaseFile(t testing.TB) string {
	return filepath.Join(t.TempDir(), "records of a test?.db") // with what a URI must escape
}

// openDatabase opens a host's file beside the host.
func openDatabase(t testing.TB, path string) *sql.DB {
	t.Helper()
	opened, err := openStore(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened.db
}

// rows are the rows of a query, each as a JSON array.
func rows(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	result, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	columns, err := result.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for result.Next() {
		values, places := make([]any, len(columns)), make([]any, len(columns))
		for index := range values {
			places[index] = &values[index]
		}
		if err := result.Scan(places...); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, row(values...))
	}
	if err := result.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}

// row is a row as rows gives it; nil stands for NULL.
func row(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		panic(err)
	}
	return string(text)
}
