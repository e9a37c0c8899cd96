package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// serveEgress answers what the API server sends into the cluster: it accepts each tunnel and plays the far end
// itself. Aggregated APIs have no resources, custom resources convert by their version alone, containers log nothing.
func serveEgress(dir string, ca *authority) (net.Listener, error) {
	// A supervisor that was killed leaves its socket file behind.
	if err := os.Remove(filepath.Join(dir, egressSocket)); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	outer, err := net.Listen("unix", egressSocket)
	if err != nil {
		return nil, err
	}
	inner := &tunnels{Listener: outer, connections: make(chan net.Conn), done: make(chan struct{})}
	quiet := log.New(io.Discard, "", 0)
	config := &tls.Config{GetCertificate: (&servingCertificates{ca: ca}).get, MinVersion: tls.VersionTLS12}
	server := &http.Server{Handler: http.HandlerFunc(answer), ReadHeaderTimeout: 30 * time.Second, ErrorLog: quiet}
	go inner.accept(config)
	go func() { _ = server.Serve(inner) }()
	return inner, nil
}

// tunnels hands the connections inside CONNECT requests to an HTTP server.
type tunnels struct {
	net.Listener
	connections chan net.Conn
	once        sync.Once
	done        chan struct{}
}

func (t *tunnels) Accept() (net.Conn, error) {
	select {
	case c := <-t.connections:
		return c, nil
	case <-t.done:
		return nil, net.ErrClosed
	}
}

func (t *tunnels) Close() error {
	t.once.Do(func() { close(t.done) })
	return t.Listener.Close()
}

func (t *tunnels) accept(config *tls.Config) {
	for {
		connection, err := t.Listener.Accept()
		if err != nil {
			return
		}
		go t.open(connection, config)
	}
}

func (t *tunnels) open(connection net.Conn, config *tls.Config) {
	_ = connection.SetReadDeadline(time.Now().Add(30 * time.Second))
	reader := bufio.NewReader(connection)
	request, err := http.ReadRequest(reader)
	if err != nil || request.Method != http.MethodConnect {
		connection.Close()
		return
	}
	_ = connection.SetReadDeadline(time.Time{})
	if _, err := io.WriteString(connection, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		connection.Close()
		return
	}
	var tunnel net.Conn = &buffered{connection, reader}
	// Proxying to a Service may be plain HTTP; the first byte of a TLS handshake is always 22.
	if first, err := reader.Peek(1); err == nil && first[0] == 22 {
		tunnel = tls.Server(tunnel, config)
	}
	select {
	case t.connections <- tunnel:
	case <-t.done:
		connection.Close()
	}
}

// buffered is a connection whose first bytes were already read ahead.
type buffered struct {
	net.Conn
	reader *bufio.Reader
}

func (b *buffered) Read(p []byte) (int, error) { return b.reader.Read(p) }

// servingCertificates makes one certificate per name asked for and keeps it.
type servingCertificates struct {
	ca    *authority
	mutex sync.Mutex
	made  map[string]*tls.Certificate
}

func (s *servingCertificates) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	name := hello.ServerName
	if name == "" {
		name = "sandbox"
	}
	if found := s.made[name]; found != nil {
		return found, nil
	}
	made, err := issue(&x509.Certificate{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}, ExtKeyUsage: server}, leafLife, s.ca)
	if err != nil {
		return nil, err
	}
	loaded, err := tls.X509KeyPair(made.cert, made.key)
	if err != nil {
		return nil, err
	}
	if s.made == nil {
		s.made = map[string]*tls.Certificate{}
	}
	s.made[name] = &loaded
	return &loaded, nil
}

type document = map[string]any

func answer(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodGet && len(parts) == 3 && parts[0] == "apis":
		reply(w, http.StatusOK, document{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": parts[1] + "/" + parts[2], "resources": []any{}})
	case r.Method == http.MethodGet && len(parts) > 0 && parts[0] == "containerLogs":
		_, _ = io.WriteString(w, "This container is simulated: it runs nothing and logs nothing.\n")
	case r.Method == http.MethodPost:
		convert(w, r)
	default:
		notSimulated(w)
	}
}

func notSimulated(w http.ResponseWriter) {
	reply(w, http.StatusNotFound, document{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": http.StatusNotFound,
		"message": "pods of a sandbox are simulated: nothing answers here",
	})
}

// convert answers a conversion webhook: a new version name on the same content, as if no field differed.
func convert(w http.ResponseWriter, r *http.Request) {
	var review struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Request    struct {
			UID               string     `json:"uid"`
			DesiredAPIVersion string     `json:"desiredAPIVersion"`
			Objects           []document `json:"objects"`
		} `json:"request"`
	}
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Kind != "ConversionReview" {
		notSimulated(w)
		return
	}
	for _, object := range review.Request.Objects {
		object["apiVersion"] = review.Request.DesiredAPIVersion
	}
	reply(w, http.StatusOK, document{"kind": review.Kind, "apiVersion": review.APIVersion, "response": document{
		"uid": review.Request.UID, "result": document{"status": "Success"}, "convertedObjects": review.Request.Objects,
	}})
}

func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}
