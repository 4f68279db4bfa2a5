package recorder_test

import (
	"context"
	"crypto/tls"
	"log"
	"net"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"github.com/aibridge/aibridge/sdk/go/recorder"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

var (
	store        recorder.Store
	authenticate channel.Authenticate
	certificates *tls.Config
	listener     net.Listener
)

// A server of your own with further services, with TLS.
func ExampleNewService() {
	service := recorder.NewService(store, authenticate, nil)
	server := grpc.NewServer(append(channel.ServerOptions(), grpc.Creds(credentials.NewTLS(certificates)))...)
	aibridgev1.RegisterRecorderServiceServer(server, service)
	aibridgev1.RegisterActorServiceServer(server, actors{})
	go func() {
		// When the program is to stop: streams first, they stay open for as long as their data plane runs.
		service.Shutdown()
		server.GracefulStop()
	}()
	log.Fatal(server.Serve(listener))
}

// actors is an ActorService: it says who is calling.
type actors struct {
	aibridgev1.UnimplementedActorServiceServer
}

func (actors) ResolveActor(ctx context.Context, request *aibridgev1.ResolveActorRequest) (*aibridgev1.ResolveActorResponse, error) {
	if _, err := channel.Admit(ctx, authenticate); err != nil {
		return nil, err
	}
	// Look up request.GetToken() here; status.Error(codes.Unauthenticated, …) refuses an unknown one.
	return &aibridgev1.ResolveActorResponse{Actor: &aibridgev1.Actor{Id: "alice"}}, nil
}
