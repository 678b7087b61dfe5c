package abitest

import ajwt "github.com/agentic-jwt/ajwt/core"

// Mixed gives requests to be decided under Policy in this order, on one replay
// memory that started at Start: good ones, repeated ones, and ones with a single
// fault, which end in many stages.
func Mixed() []*ajwt.Request {
	good := func(n int) *ajwt.Request { return Request(Repository, Now, n) }
	change := func(n int, f func(r *ajwt.Request)) *ajwt.Request {
		r := good(n)
		f(r)
		return r
	}
	return []*ajwt.Request{
		good(1), good(1), good(2),
		Request(SingleUse, Now, 3), Request(SingleUse, Now, 4),
		Request(Observed, Now, 5), Request(Observed, Now, 5),
		Request("/elsewhere", Now, 6),
		Request("/repos/a//b", Now, 7),
		change(8, func(r *ajwt.Request) { r.Headers = nil }),
		change(9, func(r *ajwt.Request) { r.Headers = r.Headers[:2] }),
		change(10, func(r *ajwt.Request) { r.Headers = append(r.Headers, r.Headers[2]) }),
		change(11, func(r *ajwt.Request) { r.Method = "POST" }),
		change(12, func(r *ajwt.Request) { r.Method = "" }),
		change(13, func(r *ajwt.Request) { r.Now += 1000 }),
		change(14, func(r *ajwt.Request) { r.Now = -1 }),
		change(15, func(r *ajwt.Request) { r.Authority = "other.example" }),
		change(16, func(r *ajwt.Request) { r.Headers[1].Value = "DPoP " + r.Headers[2].Value }),
		change(17, func(r *ajwt.Request) { r.Headers[2].Value += "A" }),
		change(18, func(r *ajwt.Request) { r.Body = []byte{} }),
		Request(Repository, Start, 19),
		new(ajwt.Request),
	}
}
