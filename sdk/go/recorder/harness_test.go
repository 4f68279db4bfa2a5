package recorder_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"github.com/aibridge/aibridge/sdk/go/recorder"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
)

const gatewayKey = "0123456789abcdef0123456789abcdef"

// memoryHost is a store in memory that can be told to fail, to refuse, and to take its time.
type memoryHost struct {
	mutex    sync.Mutex
	stored   []string // "kind id", in order
	gateways []string // gateway_id of each interception

	failure error                     // of every transaction
	refuse  map[string]error          // of the record with this id
	during  func(ctx context.Context) // called in every transaction
}

func (h *memoryHost) Transaction(ctx context.Context, record func(recorder.Recorder) error) error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.during != nil {
		h.during(ctx)
	}
	attempt := &transaction{host: h}
	if err := record(attempt); err != nil {
		return err
	}
	if h.failure != nil {
		return h.failure
	}
	h.stored = append(h.stored, attempt.stored...)
	h.gateways = append(h.gateways, attempt.gateways...)
	return nil
}

// set changes the host between transactions.
func (h *memoryHost) set(change func(*memoryHost)) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	change(h)
}

func (h *memoryHost) records() []string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return append([]string{}, h.stored...)
}

type transaction struct {
	host     *memoryHost
	stored   []string
	gateways []string
}

func (t *transaction) add(kind, id string) error {
	if err := t.host.refuse[id]; err != nil {
		return err
	}
	t.stored = append(t.stored, kind+" "+id)
	return nil
}

func (t *transaction) RecordInterception(_ context.Context, r *aibridgev1.Interception) error {
	t.gateways = append(t.gateways, r.GetGatewayId())
	return t.add("interception", r.GetId())
}

func (t *transaction) RecordInterceptionEnded(_ context.Context, r *aibridgev1.InterceptionEnded) error {
	return t.add("end", r.GetId())
}

func (t *transaction) RecordTokenUsage(_ context.Context, r *aibridgev1.TokenUsage) error {
	return t.add("token usage", r.GetId())
}

func (t *transaction) RecordPromptUsage(_ context.Context, r *aibridgev1.PromptUsage) error {
	return t.add("prompt", r.GetId())
}

func (t *transaction) RecordToolUsage(_ context.Context, r *aibridgev1.ToolUsage) error {
	return t.add("tool usage", r.GetId())
}

func (t *transaction) RecordModelThought(_ context.Context, r *aibridgev1.ModelThought) error {
	return t.add("thought", r.GetId())
}

// server is a running service with a connection to it.
type server struct {
	connection *grpc.ClientConn
	client     aibridgev1.RecorderServiceClient
	log        *logText
	// stop begins to stop the server; the channel gets what Serve returned.
	stop    context.CancelFunc
	stopped <-chan error
}

// logText is what a logger wrote.
type logText struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (l *logText) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(line)
}

func (l *logText) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}

// start serves a store on loopback until the test ends.
func start(t *testing.T, store recorder.Store) *server {
	t.Helper()
	authenticate, err := channel.SharedKey(gatewayKey)
	if err != nil {
		t.Fatal(err)
	}
	return startWith(t, store, authenticate)
}

func startWith(t *testing.T, store recorder.Store, authenticate channel.Authenticate) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log := &logText{}
	service := recorder.NewService(store, authenticate, slog.New(slog.NewTextHandler(log, nil)))
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		stopped <- recorder.Serve(ctx, listener, service)
	}()
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		connection.Close()
		stop()
		<-done
	})
	return &server{connection, aibridgev1.NewRecorderServiceClient(connection), log, stop, stopped}
}

// signed is a context whose calls carry the gateway key and the API version, as a data plane's do.
func signed(t *testing.T) context.Context {
	return metadata.AppendToOutgoingContext(t.Context(),
		"authorization", "Bearer "+gatewayKey, channel.APIVersionHeader, channel.APIVersion)
}
