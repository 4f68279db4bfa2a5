package recorder

import (
	"context"
	"net"
	"time"

	"github.com/aibridge/aibridge/sdk/go/channel"
	aibridgev1 "github.com/aibridge/aibridge/sdk/go/gen/aibridge/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// stopWithin is how long transactions under way may take when a server stops.
const stopWithin = 10 * time.Second

// Serve runs a gRPC server with the service and the standard health service (which needs no key) on listener, until ctx
// is cancelled; then it stops in order and returns nil. Plaintext unless options say otherwise: grpc.Creds(…) for TLS.
func Serve(ctx context.Context, listener net.Listener, service *Service, options ...grpc.ServerOption) error {
	server := grpc.NewServer(append(channel.ServerOptions(), options...)...)
	aibridgev1.RegisterRecorderServiceServer(server, service)
	healthServer := health.NewServer()
	healthServer.SetServingStatus(aibridgev1.RecorderService_ServiceDesc.ServiceName, grpc_health_v1.HealthCheckResponse_SERVING)
	grpc_health_v1.RegisterHealthServer(server, healthServer)

	defer server.Stop()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	healthServer.Shutdown()
	service.Shutdown()
	hurry := time.AfterFunc(stopWithin, server.Stop)
	defer hurry.Stop()
	server.GracefulStop()
	return nil
}
