package conformance

import (
	"context"
	"errors"
)

func startWasmCompiler(context.Context, string) (Subject, error) { return nil, errors.New("not yet") }
func startWasmInterpreter(context.Context, string) (Subject, error) {
	return nil, errors.New("not yet")
}
