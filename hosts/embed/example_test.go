package embed_test

import (
	"context"
	"fmt"
	"os"

	"github.com/agentic-jwt/ajwt/hosts/embed"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

// The module decides a request, and the same request again. A server passes the
// request as it arrived and time.Now().Unix(); the example's are fixed.
func Example() {
	module, err := os.ReadFile("../../dist/ajwt.wasm") // made by make wasm
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	verifier, err := embed.New(ctx, module, abitest.Policy(), embed.Options{
		Instances:   2,
		ReplayStart: abitest.Start,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer verifier.Close()

	request := abitest.Request(abitest.Repository, abitest.Now, 1)
	for range 2 {
		decision := verifier.Verify(ctx, request)
		fmt.Println(decision.Allows(), decision.Level, decision.Code, decision.Status)
	}
	// Output:
	// true jwt+pop  0
	// false none replay_proof_reused 401
}
