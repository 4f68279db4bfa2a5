package channel

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	euKey = "key-of-the-gateway-in-europe-0123456789"
	usKey = "key-of-the-gateway-in-america-0123456789"
)

func TestAdmit(t *testing.T) {
	authenticate, err := NamedKeys(map[string]string{"eu-1": euKey, "us-1": usKey})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		headers     []string
		wantGateway string
		wantCode    codes.Code
		wantMessage string
	}{
		"the key names the gateway": {headers: []string{"authorization", "Bearer " + usKey}, wantGateway: "us-1"},
		"the scheme in any case":    {headers: []string{"authorization", "bearer " + euKey}, wantGateway: "eu-1"},
		"no key":                    {wantCode: codes.Unauthenticated, wantMessage: "authorization: Bearer <key>"},
		"no scheme":                 {headers: []string{"authorization", euKey}, wantCode: codes.Unauthenticated},
		"another scheme":            {headers: []string{"authorization", "Basic " + euKey}, wantCode: codes.Unauthenticated},
		"an empty key":              {headers: []string{"authorization", "Bearer "}, wantCode: codes.Unauthenticated},
		"an unknown key":            {headers: []string{"authorization", "Bearer " + euKey + "x"}, wantCode: codes.Unauthenticated},
		"the same version":          {headers: versioned("1.0"), wantGateway: "eu-1"},
		"another major version":     {headers: versioned("2.0"), wantCode: codes.FailedPrecondition, wantMessage: "2.0, this server 1.0"},
		"a newer minor version":     {headers: versioned("1.1"), wantCode: codes.FailedPrecondition, wantMessage: "1.1, this server only 1.0"},
		"no version at all":         {headers: versioned("one"), wantCode: codes.FailedPrecondition, wantMessage: "MAJOR.MINOR"},
		"the key is checked first": {
			headers:  []string{APIVersionHeader, "2.0", "authorization", "Bearer wrong"},
			wantCode: codes.Unauthenticated,
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs(test.headers...))
			gateway, err := Admit(ctx, authenticate)
			if gateway != test.wantGateway || status.Code(err) != test.wantCode {
				t.Fatalf("got gateway %q, error %v; want gateway %q, code %v", gateway, err, test.wantGateway, test.wantCode)
			}
			if message := status.Convert(err).Message(); !strings.Contains(message, test.wantMessage) {
				t.Errorf("message %q does not contain %q", message, test.wantMessage)
			}
		})
	}
}

func versioned(version string) []string {
	return []string{"authorization", "Bearer " + euKey, APIVersionHeader, version}
}

func TestAdmitWhileKeysCannotBeChecked(t *testing.T) {
	broken := func(context.Context, string) (string, error) { return "", errors.New("dial tcp 10.1.2.3: refused") }
	ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer "+euKey))
	_, err := Admit(ctx, broken)
	if status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, want code Unavailable, so that the data plane tries again", err)
	}
	if strings.Contains(err.Error(), "10.1.2.3") {
		t.Errorf("%v tells the caller what is inside", err)
	}
}

func TestKeysThatAreTooWeak(t *testing.T) {
	if _, err := SharedKey(strings.Repeat("k", MinKeyLength)); err != nil {
		t.Errorf("a key of %d characters: %v", MinKeyLength, err)
	}
	short := strings.Repeat("k", MinKeyLength-1)
	if _, err := SharedKey(short); err == nil || strings.Contains(err.Error(), short) {
		t.Errorf("a key of %d characters: error %v; want one, without the key", len(short), err)
	}
	if _, err := NamedKeys(nil); err == nil {
		t.Error("no keys: want an error")
	}
}
