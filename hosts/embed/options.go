package embed

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/wasm/abi"
)

// Options are what New needs beside module and policy. The zero value of a member
// means its default.
type Options struct {
	// Instances is the most instances of the module, and so the number of requests
	// that can be decided at once: 1 to 1024, by default one per CPU that Go uses.
	// They are made when they are first needed.
	Instances int
	// CacheDir is a folder in which compiled code is kept between runs, made where
	// it does not exist; "" compiles at every start (about a second). Whoever can
	// write to it can run code in this process.
	CacheDir string
	// MemoryBytes is the most linear memory of one instance: 8 MiB to 1 GiB in
	// steps of 64 KiB, by default 64 MiB. Large key sets and bodies
	// need more.
	MemoryBytes int
	// CallTimeout bounds one decision: by default a second, a minute with
	// Interpreter. A module that takes longer is discarded and the request is
	// rejected with internal_timeout.
	CallTimeout time.Duration
	// LoadTimeout bounds the making of an instance, and the loading of a document
	// into it: by default half a minute, ten minutes with Interpreter.
	LoadTimeout time.Duration
	// WaitTimeout bounds the wait for a free instance: by default 100 milliseconds,
	// a minute with Interpreter. Then the request is rejected with internal_busy.
	WaitTimeout time.Duration
	// Interpreter runs the module without compiling it, several hundred times
	// slower: for tests, and where the platform has no compiler.
	Interpreter bool

	// Replay is the replay memory of all instances, and perhaps of other processes.
	// Nil means a memory of this process with the policy's capacity.
	Replay ajwt.Replay
	// ReplayStart is the NumericDate at which that default memory starts empty,
	// usually the current time. It is mandatory where Replay is nil.
	ReplayStart int64
	// NonceKeys are the secrets of proof.nonce, 32 bytes each, at most 16; the
	// first one issues, all verify. They are mandatory where the policy asks for a
	// nonce.
	NonceKeys [][]byte
	// Versions are those of bundles and lists that were in force before a restart, as
	// Verifier.Versions gave them: older documents are refused.
	Versions []ajwt.DocumentVersion
	// CacheEntries is the size of each instance's signature cache: by default
	// abi.DefaultCacheEntries, at most abi.MaxCacheEntries.
	CacheEntries int
	// Stderr takes what the module's run-time system prints when it dies. Nil
	// means that it is dropped.
	Stderr io.Writer
}

const (
	maxInstances   = 1024
	memoryPage     = 64 << 10 // bytes (WebAssembly Core Specification 2.0, section 4.2.8)
	minMemoryBytes = 8 << 20  // the run-time system alone takes about 4 MiB
	maxMemoryBytes = 1 << 30
)

// complete fills in the defaults and checks the ranges.
func (o *Options) complete() error {
	call, load, wait := time.Second, 30*time.Second, 100*time.Millisecond
	if o.Interpreter {
		call, load, wait = time.Minute, 10*time.Minute, time.Minute
	}
	o.Instances = cmp.Or(o.Instances, runtime.GOMAXPROCS(0))
	o.MemoryBytes = cmp.Or(o.MemoryBytes, 64<<20)
	o.CallTimeout = cmp.Or(o.CallTimeout, call)
	o.LoadTimeout = cmp.Or(o.LoadTimeout, load)
	o.WaitTimeout = cmp.Or(o.WaitTimeout, wait)
	if o.Stderr == nil {
		o.Stderr = io.Discard
	}
	switch {
	case o.Instances < 1 || o.Instances > maxInstances:
		return fmt.Errorf("embed: Options.Instances: want 1 to %d", maxInstances)
	case o.MemoryBytes < minMemoryBytes || o.MemoryBytes > maxMemoryBytes || o.MemoryBytes%memoryPage != 0:
		return fmt.Errorf("embed: Options.MemoryBytes: want %d to %d in steps of %d", minMemoryBytes, maxMemoryBytes, memoryPage)
	case o.CallTimeout < 0 || o.LoadTimeout < 0 || o.WaitTimeout < 0:
		return errors.New("embed: Options: want no negative time limit")
	case o.CacheEntries < 0 || o.CacheEntries > abi.MaxCacheEntries:
		return fmt.Errorf("embed: Options.CacheEntries: want 0 to %d", abi.MaxCacheEntries)
	case len(o.Versions) > abi.MaxVersions:
		return fmt.Errorf("embed: Options.Versions: want at most %d", abi.MaxVersions)
	case len(o.NonceKeys) > abi.MaxNonceKeys:
		return fmt.Errorf("embed: Options.NonceKeys: want at most %d", abi.MaxNonceKeys)
	}
	return nil
}

// configuration is the message that configures each instance.
func (o *Options) configuration(policy []byte, replayStart int64) ([]byte, error) {
	c := abi.Config{
		Policy:       policy,
		HostReplay:   true,
		ReplayStart:  replayStart,
		CacheEntries: uint32(o.CacheEntries),
		Omit:         abi.OmitRecord | abi.OmitErrorBody,
		Versions:     o.Versions,
	}
	for i, k := range o.NonceKeys {
		if len(k) != len(abi.NonceKey{}) {
			return nil, fmt.Errorf("embed: Options.NonceKeys: key %d is not 32 bytes", i)
		}
		c.NonceKeys = append(c.NonceKeys, abi.NonceKey(k))
	}
	return abi.AppendConfigure(nil, &c), nil
}
