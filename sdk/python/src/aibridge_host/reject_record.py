"""The refusal of one record, for good."""

import grpc

_CODES = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE)


class RejectRecord(Exception):
    """Raise it for a record that can never be stored: it counts as acknowledged and is never sent again.

    The data plane keeps it as a dead letter with this reason. Anything else that a recorder raises means "not now".
    """

    def __init__(self, message: str, *, code: grpc.StatusCode = grpc.StatusCode.INVALID_ARGUMENT) -> None:
        """Take one sentence on what is wrong; the data plane logs it, so it must not hold content.

        :param code: INVALID_ARGUMENT or OUT_OF_RANGE
        :raises ValueError: for another code; the data plane would send the record again
        """
        if code not in _CODES:
            raise ValueError(f"a record is rejected with INVALID_ARGUMENT or OUT_OF_RANGE, not {code.name}")
        super().__init__(message)
        self.code = code
        self.message = message
