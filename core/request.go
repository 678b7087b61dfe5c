package ajwt

// Header is one header field as the host received it. Name is compared without
// regard to case; Value is the field's bytes without surrounding white space.
type Header struct {
	Name, Value string
}

// Request is what a host hands over for one decision. Core trusts only that the
// host describes the request truly; every byte in it may come from an attacker.
type Request struct {
	Method    string   // as received, case-sensitive (RFC 9110, section 9.1)
	Scheme    string   // "http" or "https", the scheme that the client used
	Authority string   // host, or host:port (the Host field or :authority)
	Target    string   // path and query as received, with the leading slash
	Headers   []Header // all fields in order of arrival, repeated ones as often as they came
	Body      []byte   // the body, where the host read it, not nil where it is empty; nil otherwise
	Now       int64    // NumericDate: seconds since 1970-01-01T00:00:00Z (RFC 7519, section 2)
}
