package abi

import (
	"encoding/binary"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// uses names the records of each operation beside its own: all are mandatory, ids
// excepted, of which there may be none.
var uses = [...][]byte{
	OpChecksum:   {tagReading, tagDocument},
	OpThumbprint: {tagDocument},
	OpChainHash:  {tagForm, tagID},
	OpStepHash:   {tagForm, tagID},
	OpJCS:        {tagDocument},
}

// ComputeSize is the number of bytes that AppendCompute adds at most.
func ComputeSize(c *Computation) int {
	n := 3*recordHead + 1 + max(len(c.Reading), len(c.Form.String())) + len(c.Document)
	for _, id := range c.IDs {
		n += recordHead + len(id)
	}
	return n
}

// AppendCompute appends the message of ajwt_compute. It writes what the operation
// uses, and for an unknown one the operation alone.
func AppendCompute(dst []byte, c *Computation) []byte {
	dst = appendByte(dst, tagOperation, byte(c.Operation))
	if int(c.Operation) >= len(uses) {
		return dst
	}
	for _, tag := range uses[c.Operation] {
		switch tag {
		case tagReading:
			dst = appendText(dst, tag, string(c.Reading))
		case tagForm:
			dst = appendText(dst, tag, c.Form.String())
		case tagID:
			for _, id := range c.IDs {
				dst = appendText(dst, tag, id)
			}
		case tagDocument:
			dst = append(appendHead(dst, tag, len(c.Document)), c.Document...)
		}
	}
	return dst
}

// DecodeCompute reads the message of ajwt_compute. Ids and document alias the message.
// The error is an *Error.
func DecodeCompute(message []byte) (Computation, error) {
	c, err := decodeCompute(message)
	if err != nil {
		return Computation{}, err
	}
	return c, nil
}

func decodeCompute(message []byte) (c Computation, err *Error) {
	in := reader{data: message}
	if err := in.tooLarge(); err != nil {
		return c, err
	}
	var seen tagSet
	for {
		tag, value, ok, err := in.next()
		if err != nil {
			return c, err
		}
		if !ok {
			return c, used(&in, c.Operation, &seen)
		}
		if tag < tagOperation || tag > tagDocument {
			return c, in.unknown(tag)
		}
		if !seen.add(tag) && tag != tagID {
			return c, in.duplicate(tag)
		}
		if err := computeRecord(&in, &c, tag, value); err != nil {
			return c, err
		}
	}
}

// computeRecord takes one record of a computation.
func computeRecord(in *reader, c *Computation, tag byte, value []byte) *Error {
	ok := true
	switch tag {
	case tagOperation:
		if len(value) != 1 || value[0] == 0 || int(value[0]) >= len(uses) {
			return in.malformed(tag, wantOperation)
		}
		c.Operation = Operation(value[0])
	case tagReading:
		if c.Reading, ok = ajwt.ParseReading(string(value)); !ok {
			return in.malformed(tag, wantReading)
		}
	case tagForm:
		if c.Form, ok = ajwt.ParseHashForm(string(value)); !ok {
			return in.malformed(tag, wantForm)
		}
	case tagID:
		if len(c.IDs) == MaxIDs {
			return in.fail(ajwt.CodeABITooLarge, wantIDs)
		}
		c.IDs = append(c.IDs, alias(value))
	case tagDocument:
		c.Document = value
	}
	return nil
}

// used holds a complete message to the records of its operation.
func used(in *reader, operation Operation, seen *tagSet) *Error {
	if !seen.has(tagOperation) {
		return in.missing(tagOperation)
	}
	var want tagSet
	for _, tag := range uses[operation] {
		want.add(tag)
		if tag != tagID && !seen.has(tag) {
			return in.missing(tag)
		}
	}
	for tag := byte(tagReading); tag <= tagDocument; tag++ {
		if seen.has(tag) && !want.has(tag) {
			return in.unknown(tag)
		}
	}
	return nil
}

// AppendValue appends the answer of ajwt_compute: one record, the value or what
// Compute or DecodeCompute gave instead.
func AppendValue(dst []byte, value string, err error) []byte {
	switch e := err.(type) {
	case nil:
		return appendText(dst, tagValue, value)
	case *Refusal:
		dst = appendHead(dst, tagRefusal, 4+len(e.Pointer)+len(e.Detail))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.Pointer)))
		return append(append(dst, e.Pointer...), e.Detail...)
	case *Error:
		f := e.fault()
		return appendFault(dst, tagFault, &f)
	}
	return appendFault(dst, tagFault, &ajwt.Fault{Code: ajwt.CodeInternalPanic, Detail: err.Error()})
}

// DecodeValue reads an answer of ajwt_compute; the result holds copies. The error is a
// *Refusal where the input has no value. It is an *Error where the module could not
// read the message, with the module's code, and where the answer cannot be read, with
// the code abi_answer_malformed.
func DecodeValue(answer []byte) (string, error) {
	in := reader{data: answer}
	tag, value, ok, err := in.next()
	if len(answer) > MaxMessageBytes || err != nil || !ok || in.at != len(answer) {
		return "", &Error{Code: ajwt.CodeABIAnswerMalformed, Detail: "want one record"}
	}
	text := string(value)
	switch tag {
	case tagValue:
		return text, nil
	case tagRefusal:
		if pointer, detail, ok := split(value); ok {
			return "", &Refusal{string(pointer), string(detail)}
		}
	case tagFault:
		if f, ok := readFault(value, text); ok {
			return "", &Error{Code: f.Code, Detail: f.Detail}
		}
	}
	return "", &Error{Code: ajwt.CodeABIAnswerMalformed, Detail: tagName(tag) + " is unknown here, or malformed"}
}
