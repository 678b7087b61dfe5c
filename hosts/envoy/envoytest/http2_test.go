//go:build envoy

package envoytest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// Go's client sends no :protocol and no pseudo header field that does not belong; these few
// lines do. A connection has one request.

// Types and flags of frames (RFC 9113, section 6).
const (
	frameData, frameHeaders, frameReset, frameSettings, frameGoAway = 0, 1, 3, 4, 7

	flagEndStream, flagEndHeaders = 1, 4
)

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	b = binary.BigEndian.AppendUint32(append(b, flags), stream)
	return append(b, payload...)
}

// fieldBlock writes fields as literals that nobody keeps (RFC 7541, section 6.2.2).
func fieldBlock(fields []ajwt.Header) (b []byte) {
	text := func(s string) {
		if len(s) < 127 {
			b = append(b, byte(len(s)))
		} else { // a number with a prefix of 7 bits (section 5.1)
			b = binary.AppendUvarint(append(b, 127), uint64(len(s)-127))
		}
		b = append(b, s...)
	}
	for _, f := range fields {
		b = append(b, 0)
		text(f.Name)
		text(f.Value)
	}
	return b
}

// statusOf reads the status at the beginning of a field block: an entry of the static table,
// or three digits, in Huffman's code or without.
func statusOf(b []byte) (status int, ok bool) {
	for len(b) > 0 && b[0]>>5 == 1 { // the dynamic table's size
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	if b[0]&0x80 != 0 {
		i := int(b[0]&0x7f) - 8
		known := []int{200, 204, 206, 304, 400, 404, 500}
		return known[max(0, min(i, len(known)-1))], i >= 0 && i < len(known)
	}
	index := b[0] & 0x0f
	if b[0]&0x40 != 0 {
		index = b[0] & 0x3f
	}
	if index < 8 || index > 14 || len(b) < 2 || len(b) < 2+int(b[1]&0x7f) {
		return 0, false
	}
	value := b[2 : 2+int(b[1]&0x7f)]
	if b[1]&0x80 == 0 {
		_, err := fmt.Sscan(string(value), &status)
		return status, err == nil
	}
	// RFC 7541, appendix B: 0 to 2 have five bits, the other digits six.
	left, bits := 8*len(value), uint32(0)
	for _, octet := range value {
		bits = bits<<8 | uint32(octet)
	}
	for range 3 {
		digit, size := bits>>(left-5)&0x1f, 5
		if digit > 2 {
			digit, size = bits>>(left-6)&0x3f-0x19+3, 6
		}
		left -= size
		status = 10*status + int(digit)
	}
	return status, true
}

// h2Answer is what came of a request over HTTP/2: an answer, or the stream's or the
// connection's end without one.
type h2Answer struct {
	status int
	body   string
	reset  bool
}

// sendH2 sends header fields over HTTP/2, and data behind them without an end; it reads until
// the stream ends, or until the body has the text until.
func sendH2(t *testing.T, port int, fields []ajwt.Header, data, until string) (a h2Answer) {
	t.Helper()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	out := append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame(frameSettings, 0, 0, nil)...)
	out = append(out, frame(frameHeaders, flagEndHeaders, 1, fieldBlock(fields))...)
	if data != "" {
		out = append(out, frame(frameData, 0, 1, []byte(data))...)
	}
	_, err = c.Write(out)
	require.NoError(t, err)
	var body bytes.Buffer
	for head := make([]byte, 9); ; {
		if _, err := io.ReadFull(c, head); err != nil {
			require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "neither an answer nor an end")
			a.reset, a.body = true, body.String()
			return a
		}
		payload := make([]byte, binary.BigEndian.Uint32(head)>>8)
		_, err := io.ReadFull(c, payload)
		require.NoError(t, err)
		switch head[3] {
		case frameSettings:
			if head[4] == 0 {
				_, _ = c.Write(frame(frameSettings, 1, 0, nil)) // acknowledged
			}
			continue
		case frameGoAway:
			if [4]byte(payload[4:]) == [4]byte{} {
				continue // no fault: only the next request needs another connection
			}
			a.reset, a.body = true, body.String()
			return a
		case frameReset:
			a.reset, a.body = true, body.String()
			return a
		case frameHeaders:
			if a.status == 0 {
				var ok bool
				a.status, ok = statusOf(payload)
				require.True(t, ok, "%x", payload)
			}
		case frameData:
			body.Write(payload)
		default:
			continue
		}
		if a.body = body.String(); head[4]&flagEndStream != 0 || until != "" && strings.Contains(a.body, until) {
			return a
		}
	}
}
