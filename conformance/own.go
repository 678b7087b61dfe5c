package conformance

import (
	"context"
	"fmt"
	"strings"
)

// own names this project's builds in the order in which they run; the first one is
// the reference with which the others must agree in every detail.
var own = []struct {
	name  string
	start func(context.Context) (Subject, error)
}{}

func ownNames() string {
	names := make([]string, len(own))
	for i := range own {
		names[i] = own[i].name
	}
	return strings.Join(names, ", ")
}

func startOwn(ctx context.Context, name string) (Subject, error) {
	for i := range own {
		if own[i].name == name {
			return own[i].start(ctx)
		}
	}
	return nil, fmt.Errorf("unknown subject %q; there are: %s", name, ownNames())
}
