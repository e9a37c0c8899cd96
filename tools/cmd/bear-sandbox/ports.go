package main

import (
	"fmt"
	"net"
	"time"
)

const patience = 2 * time.Second

// ports are all the sockets the programs listen on, each on the loopback address only.
type ports struct {
	API        int `json:"api"`
	EtcdClient int `json:"etcdClient"`
	EtcdPeer   int `json:"etcdPeer"`
}

// pick keeps the API's port of the last run where it is still free, so that a kubeconfig copied elsewhere stays valid.
func pick(last ports) (ports, error) {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	listen := func(wanted int) (int, error) {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", wanted))
		// A program that was killed a moment ago may not have let go of its socket yet.
		for deadline := time.Now().Add(patience); wanted != 0 && err != nil && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", wanted))
		}
		if err != nil && wanted != 0 {
			l, err = net.Listen("tcp", "127.0.0.1:0")
		}
		if err != nil {
			return 0, err
		}
		held = append(held, l)
		return l.Addr().(*net.TCPAddr).Port, nil
	}
	var chosen ports
	for _, p := range []struct {
		port   *int
		wanted int
	}{{&chosen.API, last.API}, {&chosen.EtcdClient, 0}, {&chosen.EtcdPeer, 0}} {
		port, err := listen(p.wanted)
		if err != nil {
			return ports{}, err
		}
		*p.port = port
	}
	return chosen, nil
}
