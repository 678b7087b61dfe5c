package main

import (
	"context"
	"net"
	"os"
	"sync"
	"time"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	envoytype "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	ajwt "github.com/agentic-jwt/ajwt/core"
)

// authServer decides what Envoy's ext_authz filter asks, with the same core and policy as
// the module. It is here to be measured, and no product: it takes header fields as the
// filter's map has them.
type authServer struct {
	auth.UnimplementedAuthorizationServer
	verifier *ajwt.Verifier
	allow    bool // every request, unseen: what asking alone costs
	requests sync.Pool
}

// serveAuth serves on a port of the loopback interface until the process ends. The policy
// is a file; allow decides nothing.
func serveAuth(port, policyFile string, allow bool) error {
	text, err := os.ReadFile(policyFile)
	if err != nil {
		return err
	}
	p, err := ajwt.ParsePolicy(text)
	if err != nil {
		return err
	}
	v, err := ajwt.NewVerifier(p, ajwt.Options{Start: time.Now().Unix()})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return err
	}
	s := &authServer{verifier: v, allow: allow}
	s.requests.New = func() any { return new(ajwt.Request) }
	server := grpc.NewServer()
	auth.RegisterAuthorizationServer(server, s)
	return server.Serve(l)
}

// Check implements envoy.service.auth.v3.Authorization.
func (s *authServer) Check(_ context.Context, in *auth.CheckRequest) (*auth.CheckResponse, error) {
	if s.allow {
		return allowed, nil
	}
	http := in.GetAttributes().GetRequest().GetHttp()
	r := s.requests.Get().(*ajwt.Request)
	defer s.requests.Put(r)
	*r = ajwt.Request{Method: http.GetMethod(), Scheme: http.GetScheme(), Authority: http.GetHost(), Target: http.GetPath(),
		Headers: r.Headers[:0], Now: time.Now().Unix()}
	for name, value := range http.GetHeaders() {
		if name[0] != ':' {
			r.Headers = append(r.Headers, ajwt.Header{Name: name, Value: value})
		}
	}
	d := s.verifier.Verify(r)
	if d.Allows() {
		return allowed, nil
	}
	return &auth.CheckResponse{Status: &status.Status{Code: int32(codes.PermissionDenied)},
		HttpResponse: &auth.CheckResponse_DeniedResponse{DeniedResponse: &auth.DeniedHttpResponse{
			Status:  &envoytype.HttpStatus{Code: envoytype.StatusCode(d.Status)},
			Headers: []*core.HeaderValueOption{{Header: &core.HeaderValue{Key: "www-authenticate", Value: d.Challenge}}},
			Body:    string(d.AppendErrorBody(nil))}}}, nil
}

var allowed = &auth.CheckResponse{Status: &status.Status{Code: int32(codes.OK)},
	HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{}}}
