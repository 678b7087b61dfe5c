package replaystore

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	ajwt "github.com/agentic-jwt/ajwt/core"
	"github.com/agentic-jwt/ajwt/core/replaywire"
)

// HTTPOptions say where a store is served.
type HTTPOptions struct {
	// URL is that of the service, such as https://replay.internal:8787. Plain http is
	// for the machine itself and for networks in which nobody else can answer.
	URL string
	// Secret is sent as a bearer token where it is not "".
	Secret string
	// Timeout bounds one Record: DefaultTimeout where it is 0.
	Timeout time.Duration
	// TLS is for authorities and certificates of one's own; nil means the system's.
	TLS *tls.Config
	// OnError is told why there was no answer, if not nil. It is called on the path of
	// requests and concurrently.
	OnError func(error)
}

// HTTP is a replay memory behind POST /v1/replay. It is safe for concurrent use.
type HTTP struct {
	o      HTTPOptions
	url    string
	client *http.Client
	start  newest
	silent bool // the service does not say when its memory started empty
}

// unsaid stands for a start that no answer has named yet.
const unsaid = -1

// OpenHTTP asks the service whether it is well, and when its memory started empty.
func OpenHTTP(ctx context.Context, o HTTPOptions) (*HTTP, error) {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	u, err := url.Parse(o.URL)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("replaystore: HTTPOptions.URL: want http:// or https:// with a host, and no user, query or fragment")
	case o.Timeout < time.Millisecond || o.Timeout > time.Minute:
		return nil, errors.New("replaystore: HTTPOptions.Timeout: want a millisecond to a minute")
	case strings.ContainsAny(o.Secret, " \r\n\t"):
		return nil, errors.New("replaystore: HTTPOptions.Secret: want no white space")
	}
	base := strings.TrimSuffix(o.URL, "/")
	h := &HTTP{o: o, url: base + path}
	h.start.at.Store(unsaid)
	h.client = &http.Client{
		// A redirect is no answer of the store.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSClientConfig: o.TLS, MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64, IdleConnTimeout: time.Minute,
			ResponseHeaderTimeout: o.Timeout, MaxResponseHeaderBytes: 16 << 10, DisableCompression: true,
		},
	}
	h.silent = true // until it says so
	status, _, err := h.send(ctx, http.MethodGet, base+healthPath, nil)
	if h.silent = h.start.at.Load() == unsaid; h.silent {
		// A store that serves POST /v1/replay alone. What it forgot is not known, so this
		// process takes it for one that started when it met it.
		h.start.at.Store(time.Now().Unix())
		if status == http.StatusNotFound {
			status = http.StatusOK
		}
	}
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("replaystore: the service answers %d to %s", status, healthPath)
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

// Close closes idle connections.
func (h *HTTP) Close() error { h.client.CloseIdleConnections(); return nil }

// Start implements ajwt.Replay. It costs nothing; every answer keeps it current.
func (h *HTTP) Start() int64 { return h.start.at.Load() }

// Record implements ajwt.Replay. The service judges by its own clock, not by now.
func (h *HTTP) Record(keys []ajwt.ReplayKey, _ int64) (ajwt.ReplayResult, int) {
	result, seen, err := h.record(keys)
	if err != nil && h.o.OnError != nil {
		h.o.OnError(err)
	}
	return result, seen
}

func (h *HTTP) record(keys []ajwt.ReplayKey) (ajwt.ReplayResult, int, error) {
	if !ajwt.OneTag(keys) || len(keys) > MaxKeys {
		return ajwt.ReplayUnavailable, 0, errors.New("replaystore: want 1 to 16 keys of one tag")
	}
	status, body, err := h.send(context.Background(), http.MethodPost, h.url, replaywire.AppendRequest(nil, keys))
	if err != nil {
		return ajwt.ReplayUnavailable, 0, err
	}
	result, seen := replaywire.Result(status, body, len(keys))
	if result == ajwt.ReplayUnavailable {
		err = fmt.Errorf("replaystore: the service answers %d", status)
	}
	return result, seen, err
}

// send makes one request within the timeout. From a service that says when its memory
// started, an answer that does not is none.
func (h *HTTP) send(ctx context.Context, method, to string, body []byte) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, h.o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	// The transport sends a POST again only if nothing of it was written: the service
	// never sees one request twice.
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
	}
	if h.o.Secret != "" {
		req.Header.Set("Authorization", "Bearer "+h.o.Secret)
	}
	res, err := h.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(io.LimitReader(res.Body, maxBody)); err != nil {
		return 0, nil, err
	}
	if start, ok := replaywire.ParseStart(res.Header.Get(startHeader)); ok {
		h.start.raise(start)
	} else if !h.silent && (res.StatusCode < 300 || res.StatusCode == http.StatusConflict) {
		return 0, nil, errors.New("replaystore: an answer without " + startHeader)
	}
	return res.StatusCode, answer, nil
}
