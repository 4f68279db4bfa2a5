package recorder_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestServeStopsInOrder(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	host := &memoryHost{during: func(context.Context) {
		entered <- struct{}{}
		<-release
	}}
	server := start(t, host)
	stream := openStream(t, server)
	send(t, stream, prompts(1, 2))
	<-entered
	server.stop()
	close(release)
	receiveUpTo(t, stream, 2) // what was under way is acknowledged
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the stream ended with %v, want code Unavailable", err)
	}
	if err := <-server.stopped; err != nil {
		t.Errorf("Serve returned %v", err)
	}
}
