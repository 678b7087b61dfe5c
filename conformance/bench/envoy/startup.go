package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// startup is what it takes to have the filter at all. Times are in milliseconds from the
// start of the program to the first answer 200; the module is compiled in between.
type startup struct {
	Bare      float64 `json:"bare_ms"`
	Filter    float64 `json:"filter_ms"`
	Module    int     `json:"module_bytes"`
	Gzip      int     `json:"module_gzip_bytes"`
	Memory    int64   `json:"linear_memory_bytes"`  // of a worker, after starts requests
	PerWorker int64   `json:"rss_per_worker_bytes"` // resident memory that a second worker adds
	Process   int64   `json:"rss_added_bytes"`      // that the filter with one worker adds to Envoy
}

const (
	starts       = 3    // of each kind
	afterStart   = 2000 // requests, before memory is looked at
	looks        = 21   // at the metric of memory
	lookInterval = 150 * time.Millisecond
)

// measureStartup starts Envoy several times, with the filter and without.
func measureStartup(s settings, folder string) (*startup, error) {
	module, err := os.ReadFile(s.module)
	if err != nil {
		return nil, err
	}
	u := &startup{Module: len(module), Gzip: gzipped(module)}
	groups, all := newGroups()
	text := policy(all)
	var bare, with []float64
	var bareRSS, oneRSS int64
	for range starts {
		b, err := first(s, folder, nil, groups["ES256"], 1)
		if err != nil {
			return nil, err
		}
		f, err := first(s, folder, wasm(s.module, "ajwt", text, true), groups["ES256"], 1)
		if err != nil {
			return nil, err
		}
		bare, with = append(bare, b.ready), append(with, f.ready)
		bareRSS, oneRSS, u.Memory = b.rss, f.rss, f.memory
	}
	two, err := first(s, folder, wasm(s.module, "ajwt", text, true), groups["ES256"], 2)
	if err != nil {
		return nil, err
	}
	u.Bare, u.Filter = median(bare), median(with)
	u.Process, u.PerWorker = oneRSS-bareRSS, two.rss-oneRSS
	return u, nil
}

type started struct {
	ready       float64 // milliseconds
	rss, memory int64   // bytes
}

// first starts Envoy with one listener and ends it again.
func first(s settings, folder string, filter object, g *group, workers int) (r started, err error) {
	port, admin := freePort(), freePort()
	file := filepath.Join(folder, "start.json")
	if err := os.WriteFile(file, bootstrap(admin, []object{listener(port, filter)}, nil), 0o600); err != nil {
		return r, err
	}
	message := g.requests(load{}, 1)
	began := time.Now()
	p, err := start(s.envoy, nil, envoyArguments(file, workers)...)
	if err != nil {
		return r, err
	}
	defer p.stop()
	for {
		c, err := dial(port, 1)
		if err == nil {
			_, err = c.send(message)
			c.close()
		}
		if err == nil {
			break
		}
		if !p.running() || time.Since(began) > readyWithin {
			return r, fmt.Errorf("no answer: %w\n%s", err, tail(p.log.String()))
		}
		time.Sleep(2 * time.Millisecond)
	}
	r.ready = float64(time.Since(began)) / 1e6
	c, err := dial(port, 8*workers)
	if err != nil {
		return r, err
	}
	defer c.close()
	if _, err := c.send(g.requests(load{proof: true}, afterStart)); err != nil {
		return r, err
	}
	if filter != nil {
		if r.memory, err = linearMemory(admin); err != nil {
			return r, err
		}
	}
	r.rss, err = p.rss()
	return r, err
}

// linearMemory is the linear memory of the largest instance: the workers, and the main
// thread has one too, write the same metric in turn, once a second. Envoy itself does not
// say how large the memory of a module is.
func linearMemory(admin int) (most int64, err error) {
	for range looks {
		n, err := memoryMetric(admin)
		if err != nil {
			return 0, err
		}
		most = max(most, n)
		time.Sleep(lookInterval)
	}
	return most, nil
}

func memoryMetric(admin int) (int64, error) {
	client := http.Client{Timeout: answerWithin}
	res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/stats?filter=ajwt.memory_bytes", admin))
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		return 0, err
	}
	_, number, ok := strings.Cut(body.String(), "ajwt.memory_bytes: ")
	if !ok {
		return 0, fmt.Errorf("no metric of linear memory: %q", body.String())
	}
	return strconv.ParseInt(strings.TrimSpace(number), 10, 64)
}

func gzipped(data []byte) int {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	must(err)
	_, err = w.Write(data)
	must(err)
	must(w.Close())
	return b.Len()
}
