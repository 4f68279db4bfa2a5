// Package channel holds what all calls between aibridge processes have in common, whichever service they are for: the
// gateway key, the API version, and the settings of the connection.
package channel

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Admit checks the gateway key and the API version of a call that is being served; ctx is the call's. It returns what
// authenticate said about the key, and fails with the status the call has to end with. A call that names no version is
// accepted: people try services by hand.
func Admit(ctx context.Context, authenticate Authenticate) (gateway string, err error) {
	key, ok := bearer(header(ctx, "authorization"))
	if !ok {
		return "", status.Error(codes.Unauthenticated, "send a gateway key as authorization: Bearer <key>")
	}
	gateway, err = authenticate(ctx, key)
	if errors.Is(err, ErrUnknownKey) {
		return "", status.Error(codes.Unauthenticated, ErrUnknownKey.Error())
	}
	if err != nil {
		return "", status.Error(codes.Unavailable, "the gateway key could not be checked; try again")
	}
	if version := header(ctx, APIVersionHeader); version != "" {
		if problem := checkVersion(version); problem != "" {
			return "", status.Error(codes.FailedPrecondition, problem)
		}
	}
	return gateway, nil
}

// header returns the first value of a request header, "" if it is absent.
func header(ctx context.Context, name string) string {
	if values := metadata.ValueFromIncomingContext(ctx, name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// bearer returns the key in "Bearer <key>". The scheme's case does not matter.
func bearer(authorization string) (key string, ok bool) {
	scheme, key, found := strings.Cut(authorization, " ")
	key = strings.TrimSpace(key)
	return key, found && key != "" && strings.EqualFold(scheme, "bearer")
}
