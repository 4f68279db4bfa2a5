package channel

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
)

// MinKeyLength is the length of the shortest gateway key that is accepted, in bytes.
const MinKeyLength = 32

// ErrUnknownKey is what an [Authenticate] returns for a key that opens nothing, or no longer does.
var ErrUnknownKey = errors.New("the gateway key is not known")

// Authenticate says whose gateway key this is: the gateway's name, which is then recorded as Interception.gateway_id,
// or "" for a key that several gateways share; the gateway's own claim is recorded then.
//
// ErrUnknownKey refuses the call as UNAUTHENTICATED. Any other error means that it could not be found out: the call
// fails as UNAVAILABLE, and the data plane tries again.
//
// A host with keys of its own looks for the SHA-256 of the key in its database, and keeps nothing but that.
type Authenticate func(ctx context.Context, key string) (gateway string, err error)

// SharedKey accepts one key for all gateways. It fails for a key shorter than [MinKeyLength].
func SharedKey(key string) (Authenticate, error) {
	return NamedKeys(map[string]string{"": key})
}

// NamedKeys accepts one key for each gateway, given as gateway name to key. It fails for a key shorter than
// [MinKeyLength], and without any key.
func NamedKeys(keys map[string]string) (Authenticate, error) {
	if len(keys) == 0 {
		return nil, errors.New("no gateway key is given: nobody could call")
	}
	digests := make(map[string][sha256.Size]byte, len(keys))
	for gateway, key := range keys {
		if len(key) < MinKeyLength {
			return nil, fmt.Errorf("the gateway key has %d characters, fewer than %d", len(key), MinKeyLength)
		}
		digests[gateway] = sha256.Sum256([]byte(key))
	}
	return func(_ context.Context, key string) (string, error) {
		sent := sha256.Sum256([]byte(key))
		for gateway, digest := range digests {
			if subtle.ConstantTimeCompare(sent[:], digest[:]) == 1 {
				return gateway, nil
			}
		}
		return "", ErrUnknownKey
	}, nil
}
