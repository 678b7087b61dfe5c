package abi

import (
	"runtime"
	"syscall"
	"unsafe"
)

// memory is where the host writes its results.
var memory Memory

// Where the host writes addresses, sizes and numbers. The host may call malloc before it
// writes them, and malloc may move Go's stack: so they stand here.
var outAt, outSize, outNumber uint32

var (
	atPointer     = unsafe.Pointer(&outAt)
	sizePointer   = unsafe.Pointer(&outSize)
	numberPointer = unsafe.Pointer(&outNumber)
)

// hostCalls is the Host of a module in a proxy.
type hostCalls struct{}

// prepare clears the results of the call before.
func prepare(slot Slot) {
	memory.For(slot)
	outAt, outSize, outNumber = 0, 0, 0
}

// result reads what the host returned.
func result(slot Slot, status uint32) ([]byte, Status) {
	if status != 0 {
		return nil, Status(status)
	}
	data, ok := memory.Result(slot, outAt, outSize)
	if !ok {
		return nil, StatusBroken
	}
	return data, StatusOK
}

// alias gives bytes as a string without copying, for the length of a call. No bytes have
// no address to take.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func (hostCalls) Log(level Level, line string) { proxyLog(uint32(level), line) }

// now is where the host writes the time.
var now int64

var nowPointer = unsafe.Pointer(&now)

// Now asks for one clock; the time package would ask for two. A clock that fails is one
// before 1970, at which core rejects.
func (hostCalls) Now() int64 {
	if clockTimeGet(realtimeClock, 1000, nowPointer) != 0 {
		return -1_000_000_000
	}
	return now
}

func (hostCalls) Env(name string) string {
	value, _ := syscall.Getenv(name)
	return value
}

// pages is the number of pages of linear memory, 64 KiB each. The runtime knows it and
// does not say it.
func pages() int32

func (hostCalls) Memory() int { return int(pages()) << 16 }

func (hostCalls) Collect() { runtime.GC() }

func (hostCalls) Heap() int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func (hostCalls) Buffer(kind BufferKind, start, length int) ([]byte, Status) {
	prepare(SlotBuffer)
	return result(SlotBuffer, proxyGetBufferBytes(uint32(kind), uint32(start), uint32(length), atPointer, sizePointer))
}

func (hostCalls) Pairs(kind MapKind) ([]byte, Status) {
	prepare(SlotPairs)
	return result(SlotPairs, proxyGetHeaderMapPairs(uint32(kind), atPointer, sizePointer))
}

func (hostCalls) Remove(kind MapKind, name string) Status {
	return Status(proxyRemoveHeaderMapValue(uint32(kind), name))
}

func (hostCalls) Replace(kind MapKind, name, value string) Status {
	return Status(proxyReplaceHeaderMapValue(uint32(kind), name, value))
}

// noGRPCStatus leaves the status of gRPC to the host.
const noGRPCStatus = ^uint32(0)

func (hostCalls) Respond(status int, details string, body, headers []byte) Status {
	return Status(proxySendLocalResponse(uint32(status), details, alias(body), alias(headers), noGRPCStatus))
}

func (hostCalls) SetTick(milliseconds int) Status {
	return Status(proxySetTickPeriod(uint32(milliseconds)))
}

// noPairs are trailers without a field: some hosts do not take no bytes at all.
var noPairs = AppendPairs(nil)

func (hostCalls) Call(cluster string, headers, body []byte, timeout int) (uint32, Status) {
	prepare(SlotOther)
	status := proxyHTTPCall(cluster, alias(headers), alias(body), alias(noPairs), uint32(timeout), numberPointer)
	return outNumber, Status(status)
}

func (hostCalls) Enter(stream uint32) Status { return Status(proxySetEffectiveContext(stream)) }

// requestStream names the half of a stream that comes from the client.
const requestStream = 0

func (hostCalls) Resume() Status { return Status(proxyContinueStream(requestStream)) }

func (hostCalls) Shared(key string) ([]byte, uint32, Status) {
	prepare(SlotShared)
	value, status := result(SlotShared, proxyGetSharedData(key, atPointer, sizePointer, numberPointer))
	return value, outNumber, status
}

func (hostCalls) SetShared(key string, value []byte, cas uint32) Status {
	return Status(proxySetSharedData(key, alias(value), cas))
}

func (hostCalls) DefineMetric(kind MetricKind, name string) (uint32, Status) {
	prepare(SlotOther)
	status := proxyDefineMetric(uint32(kind), name, numberPointer)
	return outNumber, Status(status)
}

func (hostCalls) AddMetric(id uint32, n int64) { proxyIncrementMetric(id, n) }

func (hostCalls) SetMetric(id uint32, value uint64) { proxyRecordMetric(id, value) }

func (hostCalls) SetProperty(path string, value []byte) Status {
	return Status(proxySetProperty(path, alias(value)))
}

func (hostCalls) Foreign(name string, argument []byte) ([]byte, Status) {
	prepare(SlotOther)
	return result(SlotOther, proxyCallForeignFunction(name, alias(argument), atPointer, sizePointer))
}
