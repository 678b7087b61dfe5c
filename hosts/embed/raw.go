package embed

import (
	"context"
	"errors"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Raw is one instance of an artefact for callers that write messages and read answers
// by themselves, with package abi: of ajwt-values.wasm, or of ajwt.wasm where what a
// Verifier does beside a call is in the way. It is safe for concurrent use; a call waits
// for the one before, up to Options.WaitTimeout.
type Raw struct{ pool *pool }

// NewRaw compiles an artefact and starts one instance, without calling an export of
// its own. Of the options it uses CacheDir, MemoryBytes, the three time limits,
// Interpreter and Stderr. The context bounds NewRaw alone.
func NewRaw(ctx context.Context, wasm []byte, o Options) (*Raw, error) {
	o.Instances = 1
	if err := o.complete(); err != nil {
		return nil, err
	}
	pool, err := newPool(ctx, wasm, nil, &o)
	if err != nil {
		return nil, err
	}
	return &Raw{pool}, nil
}

// Call sends a message to an export that takes address and length and returns the
// address and length of its answer, of which the result is a copy. The error tells
// that there is no such export, or it is a *CallError. After internal_trap,
// internal_timeout and abi_answer_malformed the instance is replaced, and what it was
// told before is forgotten.
func (r *Raw) Call(ctx context.Context, export string, message []byte) ([]byte, error) {
	if r == nil || r.pool == nil {
		return nil, &CallError{ajwt.CodeInternalNotConfigured, export}
	}
	i, code := r.pool.acquire(ctx, new(documents))
	if code != 0 {
		return nil, &CallError{code, export}
	}
	defer r.pool.release(i)
	f := i.lookup(export, 2, 1)
	if f == nil {
		return nil, errors.New("embed: the module has no export " + export)
	}
	data, code := i.exchange(f, r.pool.options.CallTimeout, len(message), func(dst []byte) []byte {
		return append(dst, message...)
	})
	if code != 0 {
		return nil, &CallError{code, export}
	}
	answer := append([]byte{}, data...)
	i.shrink()
	return answer, nil
}

// Close frees the artefact. Later calls give internal_busy.
func (r *Raw) Close() error {
	if r == nil || r.pool == nil {
		return nil
	}
	return r.pool.close()
}

// CallError tells why an export gave no answer.
type CallError struct {
	Code   ajwt.Code // internal_… or abi_…
	Export string
}

// Error implements error.
func (e *CallError) Error() string { return "embed: " + e.Export + ": " + e.Code.String() }
