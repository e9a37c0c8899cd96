//go:build !linux

package main

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// attributes puts a child into the group of the given leader (0: its own).
func attributes(leader int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: leader}
}

// startOf tells when a live process began; empty if there is none.
func startOf(pid int) string {
	out, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
