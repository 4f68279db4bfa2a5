package channel

import (
	"fmt"
	"regexp"
	"strconv"
)

// APIVersion is the version of the contract this module speaks: major, then minor. Minors only add.
const APIVersion = apiMajor + "." + apiMinor

const (
	apiMajor = "1"
	apiMinor = "0"
)

// APIVersionHeader is the request header in which every call between aibridge processes names its version.
const APIVersionHeader = "x-aibridge-api-version"

var versionPattern = regexp.MustCompile(`^(\d{1,5})\.(\d{1,5})$`)

// checkVersion says why a caller of the version sent cannot be served, naming both versions; "" if it can be.
func checkVersion(sent string) string {
	parts := versionPattern.FindStringSubmatch(sent)
	if parts == nil {
		return fmt.Sprintf("%s is not of the form MAJOR.MINOR; this server speaks %s", APIVersionHeader, APIVersion)
	}
	if number(parts[1]) != number(apiMajor) {
		return fmt.Sprintf("the caller speaks API version %s, this server %s: run the same major version on both sides",
			sent, APIVersion)
	}
	if number(parts[2]) > number(apiMinor) {
		return fmt.Sprintf("the caller speaks API version %s, this server only %s: update the server first",
			sent, APIVersion)
	}
	return ""
}

// number reads at most five digits.
func number(digits string) int {
	value, _ := strconv.Atoi(digits)
	return value
}
