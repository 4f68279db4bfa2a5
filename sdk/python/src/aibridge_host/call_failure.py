"""How a call ends that cannot be answered."""

import grpc


class CallFailure(Exception):
    """Ends a call with a status. The message goes to the data plane, which logs it: it must not hold content."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        """Take the status and one sentence."""
        super().__init__(message)
        self.code = code
        self.message = message
