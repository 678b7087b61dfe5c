//go:build !ajwt_trap

package main

import (
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/abi"
	"github.com/agentic-jwt/ajwt/wasm/proxywasm/filter"
)

func newRoot(host abi.Host) abi.Root { return filter.New(host) }
