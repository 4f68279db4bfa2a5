package channel

import (
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc"
)

// A data plane pings each second, whether or not calls are under way. Pings faster than that, and none before the last
// was answered, leave a margin.
func TestServerBearsThePingsOfADataPlane(t *testing.T) {
	framer := connectHTTP2(t, grpc.NewServer(ServerOptions()...))
	ticker := time.NewTicker(shortestPingInterval + 50*time.Millisecond)
	defer ticker.Stop()
	for number := range byte(5) { // by default, gRPC ends the connection at the third
		<-ticker.C
		if err := framer.WritePing(false, [8]byte{number}); err != nil {
			t.Fatal(err)
		}
		awaitPong(t, framer, [8]byte{number})
	}
}

// connectHTTP2 serves on loopback and opens an HTTP/2 connection without any call.
func connectHTTP2(t *testing.T, server *grpc.Server) *http2.Framer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	connection, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	connection.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(connection, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(connection, connection)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return framer
}

func awaitPong(t *testing.T, framer *http2.Framer, data [8]byte) {
	t.Helper()
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatalf("waiting for the answer to ping %d: %v", data[0], err)
		}
		switch frame := frame.(type) {
		case *http2.GoAwayFrame:
			t.Fatalf("at ping %d the server ended the connection: %v %s", data[0], frame.ErrCode, frame.DebugData())
		case *http2.PingFrame:
			if frame.IsAck() && frame.Data == data {
				return
			}
		}
	}
}
