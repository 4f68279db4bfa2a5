package recorder

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
)

// Reject makes the error by which a Recorder refuses a record for good. The message is one sentence on what is wrong
// with the record; the data plane logs it and keeps it with the record.
func Reject(format string, arguments ...any) error {
	return &rejection{codes.InvalidArgument, fmt.Sprintf(format, arguments...)}
}

// rejection says that a record can never be stored; every other error says that it could not be stored this time.
type rejection struct {
	code    codes.Code
	message string
}

func (r *rejection) Error() string { return r.message }

// asRejection returns the rejection that err is or wraps, nil if it is none.
func asRejection(err error) *rejection {
	var found *rejection
	errors.As(err, &found)
	return found
}
