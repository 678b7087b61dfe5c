package replaystore

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/replaywire"
)

// HandlerOptions say how a store is served.
type HandlerOptions struct {
	// Secret is what a caller must send as a bearer token; "" serves everybody who can
	// reach the address.
	Secret string
	// ClockDifference is by how many seconds the clock of a caller may be behind: a key
	// that expired longer ago is refused, since the store would not remember it.
	ClockDifference int64
	// Clock is the NumericDate of now; nil means the system's clock.
	Clock func() int64
}

// Handler serves a memory: POST /v1/replay and GET /healthz (spec/replay.md).
func Handler(store ajwt.Replay, o HandlerOptions) http.Handler {
	s := &server{store: store, o: o, secret: sha256.Sum256([]byte(o.Secret))}
	if s.o.Clock == nil {
		s.o.Clock = func() int64 { return time.Now().Unix() }
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, s.record)
	mux.HandleFunc("GET "+healthPath, s.health)
	return mux
}

type server struct {
	store  ajwt.Replay
	o      HandlerOptions
	secret [32]byte
}

// record answers 204 when all keys were recorded and 409 when one was known. Every
// other status is an outage to the caller; 400 and 401 say that it will last.
func (s *server) record(w http.ResponseWriter, req *http.Request) {
	if !s.admitted(req) {
		w.Header().Set("WWW-Authenticate", "Bearer")
		s.fail(w, http.StatusUnauthorized, "want the bearer secret of this store")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	if err != nil {
		s.fail(w, http.StatusRequestEntityTooLarge, "want a body of at most "+strconv.Itoa(maxBody)+" bytes")
		return
	}
	keys, err := parseRequest(body)
	now := s.o.Clock()
	for i := range keys {
		if keys[i].Expires+s.o.ClockDifference < now || keys[i].Expires-now > MaxLife {
			err = requestFault("exp: it has passed by this store's clock, or lies too far ahead")
		}
	}
	if err != nil {
		s.fail(w, http.StatusBadRequest, err.Error())
		return
	}
	result, seen := s.store.Record(keys, now)
	s.head(w) // after Record, which may have found the memory lost
	switch result {
	case ajwt.ReplayFresh:
		w.WriteHeader(http.StatusNoContent)
	case ajwt.ReplaySeen:
		s.write(w, http.StatusConflict, replaywire.AppendSeen(nil, seen))
	case ajwt.ReplayFull:
		s.fail(w, http.StatusServiceUnavailable, "the memory is full of live entries")
	case ajwt.ReplayQuota:
		s.fail(w, http.StatusServiceUnavailable, "the tag holds its whole share of the memory")
	default:
		s.fail(w, http.StatusServiceUnavailable, "the memory behind this store gives no answer")
	}
}

// health answers 200 while the memory behind the store can be reached.
func (s *server) health(w http.ResponseWriter, req *http.Request) {
	if p, ok := s.store.(interface{ Ping(context.Context) error }); ok && p.Ping(req.Context()) != nil {
		s.fail(w, http.StatusServiceUnavailable, "the memory behind this store gives no answer")
		return
	}
	s.write(w, http.StatusOK, []byte(`{"status":"ok"}`))
}

// admitted compares hashes, so that the time taken tells nothing of the secret.
func (s *server) admitted(req *http.Request) bool {
	if s.o.Secret == "" {
		return true
	}
	fields := req.Header.Values("Authorization")
	if len(fields) != 1 {
		return false
	}
	scheme, secret, _ := strings.Cut(fields[0], " ")
	sum := sha256.Sum256([]byte(secret))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], s.secret[:]) == 1
}

func (s *server) head(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set(startHeader, strconv.FormatInt(max(0, s.store.Start()), 10))
}

func (s *server) write(w http.ResponseWriter, status int, body []byte) {
	s.head(w)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(body)
}

// fail writes {"error":"…"}. The texts are this package's own, without quotes in them.
func (s *server) fail(w http.ResponseWriter, status int, text string) {
	s.write(w, status, append(strconv.AppendQuoteToASCII([]byte(`{"error":`), text), '}'))
}
