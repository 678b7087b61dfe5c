//go:build redis

package replaystore

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/hosts/replaystore/redistest"
	"github.com/agentic-jwt/ajwt/wasm/abi/abitest"
)

const (
	childStore   = "AJWT_TEST_STORE" // the URL of the store: this process is a child
	childNow     = "AJWT_TEST_NOW"
	processes    = 4
	goroutines   = 6 // of each process
	proofsToPass = 200
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childStore); url != "" {
		if err := child(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is one process: it makes a Verifier over the store, waits for a line on its
// standard input, sends every proof from several goroutines, and prints each decision.
func child(url string) error {
	now, err := strconv.ParseInt(os.Getenv(childNow), 10, 64)
	if err != nil {
		return err
	}
	var store ajwt.Replay
	if strings.HasPrefix(url, "http://") {
		store, err = OpenHTTP(context.Background(), HTTPOptions{URL: url, Timeout: patient})
	} else {
		store, err = OpenRedis(context.Background(), RedisOptions{URL: url, Timeout: patient, ClockDifference: 5})
	}
	if err != nil {
		return err
	}
	policy, err := ajwt.ParsePolicy(sharedPolicy(""))
	if err != nil {
		return err
	}
	verifier, err := ajwt.NewVerifier(policy, ajwt.Options{Replay: store})
	if err != nil {
		return err
	}
	requests := make([]*ajwt.Request, proofsToPass)
	for i := range requests {
		requests[i] = abitest.Request(abitest.SingleUse, now+int64(i%2), i) // proof and token: two tokens in all
		if i%4 != 0 {
			requests[i] = abitest.Request(abitest.Repository, now, i)
		}
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	var group sync.WaitGroup
	var printing sync.Mutex
	for range goroutines {
		group.Go(func() {
			for _, i := range rand.Perm(proofsToPass) {
				d := verifier.Verify(requests[i])
				printing.Lock()
				fmt.Printf("%d %t %s\n", i, d.Allows(), d.Code)
				printing.Unlock()
			}
		})
	}
	group.Wait()
	return nil
}

// hammer has several processes send the same proofs at the same time.
func hammer(t *testing.T, url string) {
	now := warm()
	var group sync.WaitGroup
	var inputs []io.WriteCloser
	outputs := make([]string, processes)
	ready := make(chan bool, processes)
	for i := range processes {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childStore+"="+url, childNow+"="+strconv.FormatInt(now, 10))
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() { cmd.Process.Kill() })
		inputs = append(inputs, in)
		group.Go(func() {
			lines := bufio.NewReader(out)
			first, _ := lines.ReadString('\n')
			ready <- first == "ready\n"
			rest, _ := io.ReadAll(lines)
			outputs[i] = string(rest)
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	for range processes {
		require.True(t, <-ready)
	}
	for _, in := range inputs {
		fmt.Fprintln(in)
	}
	group.Wait()
	accepted, by := map[int]int{}, map[int]bool{}
	codes := map[string]int{}
	for process, text := range outputs {
		for line := range strings.Lines(text) {
			var number int
			var passes bool
			code := ""
			fmt.Sscanf(strings.TrimSpace(line), "%d %t %s", &number, &passes, &code)
			codes[code]++
			if passes {
				accepted[number]++
				by[process] = true
			}
		}
	}
	singles := 0
	for number := range proofsToPass {
		if number%4 == 0 {
			singles += accepted[number]
			continue
		}
		require.Equal(t, 1, accepted[number], "proof %d", number)
	}
	require.Equal(t, 1, singles, "one token, used with many proofs")
	total := processes * goroutines * proofsToPass
	want := proofsToPass*3/4 + 1
	require.Equal(t, want, codes[""])
	require.Equal(t, total-want, codes["replay_proof_reused"]+codes["replay_token_reused"], "%v", codes)
	require.Greater(t, len(by), 1, "one process alone was accepted: they did not meet")
}

func TestProcesses(t *testing.T) {
	t.Run("redis", func(t *testing.T) { hammer(t, redistest.ForTest(t).URL()) })
	t.Run("http over redis", func(t *testing.T) {
		r := openRedis(t, RedisOptions{URL: redistest.ForTest(t).URL(), ClockDifference: 5})
		hammer(t, served(t, r, HandlerOptions{ClockDifference: 5, Clock: wall}))
	})
	t.Run("http over memory", func(t *testing.T) {
		hammer(t, served(t, NewMemory(10000, 10000, wall(), 5), HandlerOptions{ClockDifference: 5, Clock: wall}))
	})
}
