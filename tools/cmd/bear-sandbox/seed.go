package main

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

const nodeCount = 3

// seed makes the storage class and the nodes, where they are not there yet: what a person changed stays changed.
func seed(ctx context.Context, config *rest.Config, version string) error {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	raw, err := manifests.ReadFile("manifests/seed.yaml")
	if err != nil {
		return err
	}
	for _, document := range bytes.Split(raw, []byte("\n---\n")) {
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		if err != nil {
			return err
		}
		switch object := object.(type) {
		case *storagev1.StorageClass:
			_, err = clients.StorageV1().StorageClasses().Create(ctx, object, metav1.CreateOptions{})
		case *storagev1.CSIDriver:
			_, err = clients.StorageV1().CSIDrivers().Create(ctx, object, metav1.CreateOptions{})
		default:
			err = fmt.Errorf("no way to make a %T", object)
		}
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	// The last run's kwok held the nodes by leases under a name of its own; the next one would wait until they expire.
	leases := clients.CoordinationV1().Leases(corev1.NamespaceNodeLease)
	if err := leases.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	for i := range nodeCount {
		if _, err := clients.CoreV1().Nodes().Create(ctx, node(i, version), metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

func node(index int, version string) *corev1.Node {
	name := fmt.Sprintf("sandbox-%d", index+1)
	size := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("64"),
		corev1.ResourceMemory:           resource.MustParse("256Gi"),
		corev1.ResourceEphemeralStorage: resource.MustParse("1Ti"),
		corev1.ResourcePods:             resource.MustParse("500"),
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:           name,
				corev1.LabelOSStable:           "linux",
				corev1.LabelArchStable:         runtime.GOARCH,
				corev1.LabelTopologyRegion:     "sandbox",
				corev1.LabelTopologyZone:       fmt.Sprintf("sandbox-%c", 'a'+index),
				corev1.LabelInstanceTypeStable: "simulated",
			},
		},
		// A range per node, large enough for its 500 pods, so that no two pods share an address.
		Spec: corev1.NodeSpec{PodCIDR: fmt.Sprintf("10.244.%d.0/22", index*4), PodCIDRs: []string{fmt.Sprintf("10.244.%d.0/22", index*4)}},
		Status: corev1.NodeStatus{
			Capacity:    size,
			Allocatable: size,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: fmt.Sprintf("192.0.2.%d", index+11)},
				{Type: corev1.NodeHostName, Address: name},
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: 10250}},
			NodeInfo: corev1.NodeSystemInfo{
				KubeletVersion: version, OperatingSystem: "linux", Architecture: runtime.GOARCH,
				OSImage: "simulated", KernelVersion: "simulated", ContainerRuntimeVersion: "simulated://0",
			},
		},
	}
}

func nodesReady(ctx context.Context, config *rest.Config) bool {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return false
	}
	nodes, err := clients.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return false
	}
	ready := 0
	for _, n := range nodes.Items {
		for _, c := range n.Status.Conditions {
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue {
				ready++
			}
		}
	}
	// A new node carries the not-ready taint until the controllers have seen it; pods would wait for that.
	return ready >= nodeCount
}

func healthy(ctx context.Context, config *rest.Config) bool {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	body, err := clients.RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err == nil && string(body) == "ok"
}

func serverVersion(config *rest.Config) (string, error) {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	info, err := clients.Discovery().ServerVersion()
	if err != nil {
		return "", err
	}
	return info.GitVersion, nil
}
