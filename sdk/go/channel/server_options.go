package channel

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

const (
	// A data plane pings each second, also while nothing is under way, and counts a server that does not answer within
	// half a second as gone. What gRPC allows by default is one ping in five minutes: it would end the connection.
	shortestPingInterval = 200 * time.Millisecond
	// A data plane that vanished without closing its connection is noticed after this long.
	ownPingInterval = 20 * time.Second
	ownPingTimeout  = 10 * time.Second
	// The largest batch is 1 MiB, the largest single record 2 MiB; the rest is room for the message around them.
	maxMessageBytes = 4 << 20
)

// ServerOptions returns what a gRPC server needs that data planes call. Without the first of them grpc-go ends their
// connections every few seconds with "too_many_pings". Options of your own that come later win.
func ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime:             shortestPingInterval,
			PermitWithoutStream: true,
		}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: ownPingInterval, Timeout: ownPingTimeout}),
		grpc.MaxRecvMsgSize(maxMessageBytes),
	}
}
