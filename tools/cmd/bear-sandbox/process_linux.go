package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// attributes puts a child into the group of the given leader (0: its own) and makes the kernel kill it when
// this program dies without a chance to clean up.
func attributes(leader int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: leader, Pdeathsig: syscall.SIGKILL}
}

// startOf tells when a live process began, in clock ticks of this boot; empty if there is none (or only its remains).
func startOf(pid int) string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The command name, in brackets, may itself hold spaces and brackets: count from the last one.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return ""
	}
	return fields[19]
}
