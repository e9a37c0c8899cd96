package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// identity names one process for good: a pid alone is given out again after the process is gone.
type identity struct {
	Name  string `json:"name"`
	PID   int    `json:"pid"`
	Start string `json:"start"`
}

// state is what the command line reads to find, wait for and stop a sandbox.
type state struct {
	Phase       string     `json:"phase"` // starting, ready, stopping, stopped, failed
	Supervisor  identity   `json:"supervisor"`
	Processes   []identity `json:"processes"`
	Endpoint    string     `json:"endpoint,omitempty"`
	Version     string     `json:"version,omitempty"`
	StartedAt   time.Time  `json:"startedAt"`
	Step        string     `json:"step,omitempty"`
	LastFailure string     `json:"lastFailure,omitempty"`
	Ports       ports      `json:"ports"`
}

func readState(dir string) (state, error) {
	var s state
	raw, err := os.ReadFile(filepath.Join(dir, "state.json"))
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(raw, &s)
}

// write replaces the state file in one step, so that a reader never sees half of it.
func (s state) write(dir string) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, "state.json"), raw)
}

func writeFile(path string, content []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// lockState keeps a second supervisor out of the folder; the kernel lets go of the lock when this process ends, however it ends.
func lockState(dir string) (func(), error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("another bear-sandbox already runs in %s", dir)
	}
	return func() { file.Close() }, nil
}

// endLeftovers kills what an earlier supervisor started and did not live to stop, and returns when it is gone.
func endLeftovers(processes []identity) error {
	for _, p := range processes {
		if alive(p) {
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for _, p := range processes {
		for alive(p) {
			if time.Now().After(deadline) {
				return fmt.Errorf("%s of an earlier run (pid %d) does not end", p.Name, p.PID)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

func alive(p identity) bool {
	return p.PID > 0 && p.Start != "" && startOf(p.PID) == p.Start
}

func identify(name string, pid int) identity {
	return identity{Name: name, PID: pid, Start: startOf(pid)}
}
