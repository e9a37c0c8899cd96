package main

import (
	"context"
	"fmt"
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// addressRanges are kept free for documentation: no packet to them ever leaves for a real host.
var addressRanges = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24")}

// addresses remembers who holds which load balancer address, by "namespace/name". One worker uses it.
type addresses struct {
	holders map[netip.Addr]string
}

func (a *addresses) hold(address netip.Addr, holder string) bool {
	if current, taken := a.holders[address]; taken && current != holder {
		return false
	}
	if a.holders == nil {
		a.holders = map[netip.Addr]string{}
	}
	a.holders[address] = holder
	return true
}

func (a *addresses) release(holder string) {
	for address, current := range a.holders {
		if current == holder {
			delete(a.holders, address)
		}
	}
}

// take gives the lowest free address; the first and the last of a range are no hosts.
func (a *addresses) take(holder string) (netip.Addr, error) {
	for _, prefix := range addressRanges {
		for address := prefix.Addr().Next(); prefix.Contains(address.Next()); address = address.Next() {
			if a.hold(address, holder) {
				return address, nil
			}
		}
	}
	return netip.Addr{}, fmt.Errorf("all %d simulated load balancer addresses are taken", len(a.holders))
}

// loadBalancer gives each Service of that type an address of its own, and takes it back when the type changes.
func loadBalancer(ctx context.Context, c *cluster, service *unstructured.Unstructured) error {
	holder := service.GetNamespace() + "/" + service.GetName()
	kind, _, _ := unstructured.NestedString(service.Object, "spec", "type")
	ingress, _, _ := unstructured.NestedSlice(service.Object, "status", "loadBalancer", "ingress")
	if kind != "LoadBalancer" || service.GetDeletionTimestamp() != nil {
		c.addresses.release(holder)
		if kind != "LoadBalancer" && len(ingress) > 0 {
			return c.mergePatch(ctx, service, "services", document{"status": document{"loadBalancer": nil}}, "status")
		}
		return nil
	}
	for _, entry := range ingress {
		text, _ := asMap(entry)["ip"].(string)
		if address, err := netip.ParseAddr(text); err == nil && c.addresses.hold(address, holder) {
			return nil
		}
	}
	address, err := c.wanted(service, holder)
	if err != nil {
		return err
	}
	entry := document{"ip": address.String(), "ipMode": "VIP"}
	return c.mergePatch(ctx, service, "services", document{"status": document{"loadBalancer": document{"ingress": []any{entry}}}}, "status")
}

// wanted is the address the Service asks for, or else any free one.
func (c *cluster) wanted(service *unstructured.Unstructured, holder string) (netip.Addr, error) {
	text, _, _ := unstructured.NestedString(service.Object, "spec", "loadBalancerIP")
	if address, err := netip.ParseAddr(text); err == nil {
		if !c.addresses.hold(address, holder) {
			return address, fmt.Errorf("another Service holds %s", address)
		}
		return address, nil
	}
	return c.addresses.take(holder)
}

// holdAddresses learns who holds what from an earlier run, before the first new address is given out.
func (c *cluster) holdAddresses(ctx context.Context) error {
	services, err := c.client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "services"}).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, service := range services.Items {
		ingress, _, _ := unstructured.NestedSlice(service.Object, "status", "loadBalancer", "ingress")
		for _, entry := range ingress {
			text, _ := asMap(entry)["ip"].(string)
			if address, err := netip.ParseAddr(text); err == nil {
				c.addresses.hold(address, service.GetNamespace()+"/"+service.GetName())
			}
		}
	}
	return nil
}
