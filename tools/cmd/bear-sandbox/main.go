// Command bear-sandbox runs one throw-away Kubernetes control plane: it starts the real programs, holds the
// small stand-ins for what simulated pods cannot do, and takes everything down with it when it ends.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

func init() {
	// A child's parent-death signal is tied to the thread that started it, so every child is started by
	// main, and main keeps the one thread that lives as long as the program.
	runtime.LockOSThread()
}

func main() {
	if len(os.Args) < 2 || os.Args[1] != "run" {
		fmt.Fprintf(os.Stderr, "usage: %s run --dir <state folder> --bin <folder of the programs>\n", filepath.Base(os.Args[0]))
		os.Exit(2)
	}
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	dir := flags.String("dir", "", "folder that holds everything this sandbox keeps")
	bin := flags.String("bin", "", "folder with etcd, kube-control-plane and kwok")
	_ = flags.Parse(os.Args[2:])
	if *dir == "" || *bin == "" {
		flags.Usage()
		os.Exit(2)
	}
	if err := run(*dir, *bin); err != nil {
		fmt.Fprintln(os.Stderr, "bear-sandbox:", err)
		os.Exit(1)
	}
}

func run(dir, bin string) error {
	// Keys, the database and logs are nobody else's to read.
	syscall.Umask(0o077)
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if bin, err = filepath.Abs(bin); err != nil {
		return err
	}
	for _, folder := range []string{dir, filepath.Join(dir, "logs"), filepath.Join(dir, "pki")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := os.Chmod(folder, 0o700); err != nil {
			return err
		}
	}
	// The socket below is named relative to this folder: the path of a unix socket may have 107 characters only.
	if err := os.Chdir(dir); err != nil {
		return err
	}
	unlock, err := lockState(dir)
	if err != nil {
		return err
	}
	defer unlock()

	stop := make(chan os.Signal, 2)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)

	supervisor, err := newSupervisor(dir, bin)
	if err != nil {
		return err
	}
	err = supervisor.run(stop)
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}
