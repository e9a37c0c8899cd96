// Command kube-control-plane is the API server, the controller manager and the scheduler in one binary:
// they share nearly all their packages, so one link step and one file serve for three.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	command, err := construct(os.Args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	os.Exit(cli.Run(command))
}

// construct builds only the command asked for: each of the three registers flags, feature gates and
// metrics in process-wide tables, and a second registration panics.
func construct(args []string) (*cobra.Command, error) {
	programs := map[string]func() *cobra.Command{
		"kube-apiserver":          apiserver.NewAPIServerCommand,
		"kube-controller-manager": controllermanager.NewControllerManagerCommand,
		"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	}
	if len(args) < 2 || programs[args[1]] == nil {
		return nil, fmt.Errorf("usage: %s kube-apiserver|kube-controller-manager|kube-scheduler [flags]", args[0])
	}
	command := programs[args[1]]()
	command.SetArgs(args[2:])
	return command, nil
}
