"""The version of the contract, which every call between aibridge processes names."""

import re

API_VERSION = "1.0"
"""Version of the contract this package speaks: major, then minor. Minors only add."""

API_VERSION_HEADER = "x-aibridge-api-version"
"""Request header in which a caller names its version."""

_FORM = re.compile(r"(\d{1,5})\.(\d{1,5})", re.ASCII)


def version_problem(sent: str | None) -> str | None:
    """What is wrong with the version a caller sent, naming both; None if it can be served.

    A call without one is served (grpcurl sends none).
    """
    if sent is None:
        return None
    match = _FORM.fullmatch(sent.strip())
    if match is None:
        return f"{API_VERSION_HEADER} is not of the form MAJOR.MINOR; this server speaks {API_VERSION}"
    major, minor = int(match[1]), int(match[2])
    own_major, own_minor = map(int, API_VERSION.split("."))
    both = f"the caller speaks API version {major}.{minor}, this server {API_VERSION}"
    if major != own_major:
        return f"{both}: run the same major version on both sides"
    if minor > own_minor:
        return f"{both}: update this server first"
    return None
