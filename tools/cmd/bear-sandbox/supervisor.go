package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/rest"
)

var errStopped = errors.New("asked to stop")

const (
	readyWithin = 90 * time.Second
	// The API server waits for open requests before it ends; past this it is killed, which etcd forgives.
	stopWithin    = 10 * time.Second
	startAttempts = 3
)

// program is one child: what to run, and how it is found again.
type program struct {
	identity
	command *exec.Cmd
	ended   chan struct{}
	problem error // set before ended is closed
}

// supervisor owns the folder of one sandbox and every process that works on it.
type supervisor struct {
	dir, bin string
	ca       *authority
	state    state
	running  []*program
	exits    chan *program
	stop     <-chan os.Signal
}

func newSupervisor(dir, bin string) (*supervisor, error) {
	last, err := readState(dir)
	if err != nil {
		log.Printf("the state file cannot be read and is made anew: %v", err)
		last = state{}
	}
	if err := endLeftovers(last.Processes); err != nil {
		return nil, err
	}
	ca, err := ensurePKI(filepath.Join(dir, "pki"))
	if err != nil {
		return nil, err
	}
	return &supervisor{
		dir: dir, bin: bin, ca: ca,
		state: state{Supervisor: identify("bear-sandbox", os.Getpid()), StartedAt: time.Now(), Ports: last.Ports, LastFailure: last.LastFailure},
	}, nil
}

// run brings the control plane up, waits for a signal or a death, and takes everything down again.
func (s *supervisor) run(stop <-chan os.Signal) error {
	s.stop = stop
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	listener, err := serveEgress(s.dir, s.ca)
	if err != nil {
		return s.failed(fmt.Errorf("the stand-in for aggregated APIs: %w", err))
	}
	defer listener.Close()

	var failure error
	for attempt := 1; ; attempt++ {
		failure = s.start(ctx)
		if failure == nil || errors.Is(failure, errStopped) || attempt == startAttempts {
			break
		}
		// A free port can be taken between looking and listening: try others before giving up.
		if !strings.Contains(failure.Error(), "address already in use") {
			break
		}
		log.Printf("start %d: %v", attempt, failure)
		s.stopAll()
		s.state.Ports.API = 0
	}
	if failure == nil {
		failure = s.watch()
	}
	s.step("stopping", "stopping")
	cancel()
	s.stopAll()
	if errors.Is(failure, errStopped) {
		s.state.LastFailure = ""
		s.step("stopped", "")
		return errStopped
	}
	return s.failed(failure)
}

func (s *supervisor) failed(err error) error {
	log.Printf("failed: %v", err)
	s.state.LastFailure = err.Error()
	s.step("failed", "")
	return err
}

// step records where the sandbox is, for whoever waits for it.
func (s *supervisor) step(phase, step string) {
	s.state.Phase, s.state.Step = phase, step
	s.state.Processes = nil
	for _, p := range s.running {
		s.state.Processes = append(s.state.Processes, p.identity)
	}
	if err := s.state.write(s.dir); err != nil {
		log.Printf("the state file: %v", err)
	}
	if step != "" {
		log.Print(step)
	}
}

func (s *supervisor) start(ctx context.Context) error {
	var err error
	if s.state.Ports, err = pick(s.state.Ports); err != nil {
		return err
	}
	s.exits = make(chan *program, 8)
	s.state.Endpoint = fmt.Sprintf("https://127.0.0.1:%d", s.state.Ports.API)
	if err := s.writeConfigs(); err != nil {
		return err
	}

	s.step("starting", "starting etcd")
	if err := s.launch("etcd", "etcd", s.etcdArguments()); err != nil {
		return err
	}
	if err := s.until("etcd", func() bool { return listens(s.state.Ports.EtcdClient) }); err != nil {
		return err
	}
	s.step("starting", "starting the API server")
	if err := s.launch("kube-apiserver", "kube-control-plane", append([]string{"kube-apiserver"}, s.apiserverArguments()...)); err != nil {
		return err
	}
	config, err := s.clientConfig("bear-sandbox")
	if err != nil {
		return err
	}
	if err := s.until("the API server", func() bool { return healthy(ctx, config) }); err != nil {
		return err
	}
	s.step("starting", "starting the controllers, the scheduler and the simulated nodes")
	if s.state.Version, err = serverVersion(config); err != nil {
		return err
	}
	if err := s.launch("kube-controller-manager", "kube-control-plane", append([]string{"kube-controller-manager"}, s.controllerManagerArguments()...)); err != nil {
		return err
	}
	if err := s.launch("kube-scheduler", "kube-control-plane", append([]string{"kube-scheduler"}, s.schedulerArguments()...)); err != nil {
		return err
	}
	if err := seed(ctx, config, s.state.Version); err != nil {
		return fmt.Errorf("the nodes and the storage class: %w", err)
	}
	if err := s.launch("kwok", "kwok", s.kwokArguments()); err != nil {
		return err
	}
	if err := startStandIns(ctx, config, s.ca); err != nil {
		return fmt.Errorf("the stand-ins: %w", err)
	}
	if err := s.until("the simulated nodes", func() bool { return nodesReady(ctx, config) }); err != nil {
		return err
	}
	s.state.LastFailure = ""
	s.step("ready", "ready")
	return nil
}

// watch returns when somebody asks to stop or a program ends that should not.
func (s *supervisor) watch() error {
	select {
	case <-s.stop:
		return errStopped
	case dead := <-s.exits:
		return s.death(dead)
	}
}

func (s *supervisor) death(dead *program) error {
	return fmt.Errorf("%s ended by itself (%v); its last words:\n%s", dead.Name, dead.problem, lastLines(s.logPath(dead.Name), 5))
}

// until polls a condition; a signal, a death or too long a wait end it.
func (s *supervisor) until(what string, done func() bool) error {
	deadline := time.After(readyWithin)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-s.stop:
			return errStopped
		case dead := <-s.exits:
			return s.death(dead)
		case <-deadline:
			return fmt.Errorf("%s did not become ready within %s", what, readyWithin)
		case <-tick.C:
		}
	}
	return nil
}

func (s *supervisor) logPath(name string) string {
	return filepath.Join(s.dir, "logs", name+".log")
}

// launch starts one program in the group of the first one. It must be called from main: see init.
func (s *supervisor) launch(name, binary string, arguments []string) error {
	path := s.logPath(name)
	// One older log is kept: it is the one that tells why the last run ended.
	_ = os.Rename(path, strings.TrimSuffix(path, ".log")+".previous.log")
	output, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	leader := 0
	if len(s.running) > 0 {
		leader = s.running[0].PID
	}
	command := exec.Command(filepath.Join(s.bin, binary), arguments...)
	command.Dir, command.Stdout, command.Stderr = s.dir, output, output
	command.Env = environment()
	command.SysProcAttr = attributes(leader)
	if err := command.Start(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	p := &program{identity: identify(name, command.Process.Pid), command: command, ended: make(chan struct{})}
	s.running = append(s.running, p)
	s.step(s.state.Phase, "")
	exits := s.exits
	go func() {
		p.problem = command.Wait()
		close(p.ended)
		exits <- p
	}()
	return nil
}

// environment leaves out everything a person's shell may carry, above all proxy variables: with them the API
// server would send its calls into the cluster to a stranger.
func environment() []string {
	var kept []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "LANG", "TZ"} {
		if value, ok := os.LookupEnv(name); ok {
			kept = append(kept, name+"="+value)
		}
	}
	return kept
}

// stopAll ends the programs in reverse order and waits for each: an API server that loses etcd first hangs and keeps its port.
func (s *supervisor) stopAll() {
	for i := len(s.running) - 1; i >= 0; i-- {
		p := s.running[i]
		_ = p.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(stopWithin):
			log.Printf("%s did not end within %s and is killed", p.Name, stopWithin)
			_ = p.command.Process.Kill()
			<-p.ended
		}
	}
	s.running = nil
}

func (s *supervisor) clientConfig(name string) (*rest.Config, error) {
	return &rest.Config{
		Host:  s.state.Endpoint,
		QPS:   200,
		Burst: 400,
		TLSClientConfig: rest.TLSClientConfig{
			CAFile:   filepath.Join(s.dir, "pki", "ca.crt"),
			CertFile: filepath.Join(s.dir, "pki", name+".crt"),
			KeyFile:  filepath.Join(s.dir, "pki", name+".key"),
		},
	}, nil
}

func lastLines(path string, count int) string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
