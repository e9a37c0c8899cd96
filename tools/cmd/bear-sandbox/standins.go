package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// resync looks at everything again now and then: for a Secret that somebody deleted, say, whose owner did not change.
const resync = 20 * time.Second

// reconcile brings one object to where its controller would have brought it. It must be safe to repeat.
type reconcile func(ctx context.Context, c *cluster, object *unstructured.Unstructured) error

// standIn plays the controller of one kind. Kinds of custom resources name no version: the CRD says which is served.
type standIn struct {
	group, version, resource string
	act                      reconcile
}

// cluster is what a stand-in works with.
type cluster struct {
	client    dynamic.Interface
	ca        *authority
	addresses addresses
	watching  map[schema.GroupResource]watch
}

type watch struct {
	version string
	cancel  context.CancelFunc
}

type item struct {
	resource schema.GroupVersionResource
	key      types.NamespacedName
}

type reconciler struct {
	*cluster
	queue  workqueue.TypedRateLimitingInterface[item]
	stores map[schema.GroupVersionResource]func(types.NamespacedName) (*unstructured.Unstructured, bool)
	acts   map[schema.GroupResource]reconcile
}

// startStandIns watches every kind in the table, those of custom resources as soon as their CRD is there.
func startStandIns(ctx context.Context, config *rest.Config, ca *authority) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	r := &reconciler{
		cluster: &cluster{client: client, ca: ca, watching: map[schema.GroupResource]watch{}},
		queue:   workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[item](100*time.Millisecond, 10*time.Second)),
		stores:  map[schema.GroupVersionResource]func(types.NamespacedName) (*unstructured.Unstructured, bool){},
		acts:    map[schema.GroupResource]reconcile{},
	}
	if err := r.holdAddresses(ctx); err != nil {
		return err
	}
	for _, s := range builtIn {
		r.acts[schema.GroupResource{Group: s.group, Resource: s.resource}] = s.act
		r.watch(ctx, schema.GroupVersionResource{Group: s.group, Version: s.version, Resource: s.resource})
	}
	custom := map[schema.GroupResource]reconcile{}
	for _, s := range customResources {
		custom[schema.GroupResource{Group: s.group, Resource: s.resource}] = s.act
	}
	crds := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	r.acts[crds.GroupResource()] = func(ctx context.Context, c *cluster, crd *unstructured.Unstructured) error {
		if err := trustConversion(ctx, c, crd); err != nil {
			return err
		}
		resource, served := servedResource(crd)
		act := custom[resource.GroupResource()]
		if act == nil || !served || r.watching[resource.GroupResource()].version == resource.Version {
			return nil
		}
		r.unwatch(resource.GroupResource())
		r.acts[resource.GroupResource()] = act
		r.watch(ctx, resource)
		return nil
	}
	r.watch(ctx, crds)

	go r.work(ctx)
	go func() {
		<-ctx.Done()
		r.queue.ShutDown()
	}()
	return nil
}

// watch is called before work starts, and from then on by the one worker only; so the maps need no lock.
func (r *reconciler) watch(ctx context.Context, resource schema.GroupVersionResource) {
	ctx, cancel := context.WithCancel(ctx)
	informer := dynamicinformer.NewFilteredDynamicInformer(r.client, resource, metav1.NamespaceAll, resync, cache.Indexers{}, nil).Informer()
	// A CRD that goes away makes its watch fail until it is cancelled; that is not worth a line each time.
	_ = informer.SetWatchErrorHandler(func(*cache.Reflector, error) {})
	enqueue := func(object any) {
		if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = tombstone.Obj
		}
		if o, ok := object.(*unstructured.Unstructured); ok {
			r.queue.Add(item{resource, types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetName()}})
		}
	}
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, object any) { enqueue(object) }, DeleteFunc: enqueue,
	})
	r.watching[resource.GroupResource()] = watch{resource.Version, cancel}
	r.stores[resource] = func(name types.NamespacedName) (*unstructured.Unstructured, bool) {
		key := name.Name
		if name.Namespace != "" {
			key = name.Namespace + "/" + name.Name
		}
		found, exists, err := informer.GetStore().GetByKey(key)
		if err != nil || !exists {
			return nil, false
		}
		return found.(*unstructured.Unstructured).DeepCopy(), true
	}
	go informer.Run(ctx.Done())
}

func (r *reconciler) unwatch(resource schema.GroupResource) {
	if w, ok := r.watching[resource]; ok {
		w.cancel()
		delete(r.watching, resource)
	}
}

func (r *reconciler) work(ctx context.Context) {
	for {
		next, shutdown := r.queue.Get()
		if shutdown {
			return
		}
		err := r.handle(ctx, next)
		switch {
		case err == nil || ctx.Err() != nil:
			r.queue.Forget(next)
		default:
			// Two writers at once are ordinary; anything else is worth a line.
			if !apierrors.IsConflict(err) && r.queue.NumRequeues(next) < 3 {
				log.Printf("%s %s: %v", next.resource.Resource, next.key, err)
			}
			r.queue.AddRateLimited(next)
		}
		r.queue.Done(next)
	}
}

func (r *reconciler) handle(ctx context.Context, next item) (err error) {
	// Custom resources with an open schema can hold anything: a surprise must not end the sandbox.
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("unexpected content: %v", problem)
		}
	}()
	object, found := r.stores[next.resource](next.key)
	if !found {
		if next.resource.Resource == "services" {
			r.addresses.release(next.key.String())
		}
		if next.resource.Resource == "customresourcedefinitions" {
			r.forgetCRD(next.key.Name)
		}
		return nil
	}
	err = r.acts[next.resource.GroupResource()](ctx, r.cluster, object)
	if apierrors.IsNotFound(err) {
		return nil // deleted meanwhile
	}
	return err
}

// forgetCRD ends the watch of a kind that is gone; a CRD is named <plural>.<group>.
func (r *reconciler) forgetCRD(name string) {
	for resource := range r.watching {
		if resource.Resource+"."+resource.Group == name {
			r.unwatch(resource)
		}
	}
}

// servedResource tells under which version a CRD's objects are read, once the API server serves them.
func servedResource(crd *unstructured.Unstructured) (schema.GroupVersionResource, bool) {
	group, _, _ := unstructured.NestedString(crd.Object, "spec", "group")
	plural, _, _ := unstructured.NestedString(crd.Object, "spec", "names", "plural")
	versions, _, _ := unstructured.NestedSlice(crd.Object, "spec", "versions")
	resource := schema.GroupVersionResource{Group: group, Resource: plural}
	for _, v := range versions {
		version, _ := v.(map[string]any)
		if version["served"] == true && (resource.Version == "" || version["storage"] == true) {
			resource.Version, _ = version["name"].(string)
		}
	}
	established := slices.ContainsFunc(conditions(crd), func(c map[string]any) bool {
		return c["type"] == "Established" && c["status"] == "True"
	})
	return resource, established && resource.Version != "" && crd.GetDeletionTimestamp() == nil
}

func conditions(object *unstructured.Unstructured) []map[string]any {
	raw, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	var found []map[string]any
	for _, c := range raw {
		if condition, ok := c.(map[string]any); ok {
			found = append(found, condition)
		}
	}
	return found
}

// of gives the client for the kind of an object, in its namespace.
func (c *cluster) of(object *unstructured.Unstructured, resource string) dynamic.ResourceInterface {
	gv, _ := schema.ParseGroupVersion(object.GetAPIVersion())
	all := c.client.Resource(gv.WithResource(resource))
	if object.GetNamespace() == "" {
		return all
	}
	return all.Namespace(object.GetNamespace())
}

func (c *cluster) mergePatch(ctx context.Context, object *unstructured.Unstructured, resource string, patch any, subresources ...string) error {
	raw, err := json.Marshal(patch)
	if err != nil {
		return err
	}
	_, err = c.of(object, resource).Patch(ctx, object.GetName(), types.MergePatchType, raw, metav1.PatchOptions{FieldManager: "bear-sandbox"}, subresources...)
	return err
}

// setStatus merges into the status, whether or not the kind has it as a subresource.
func (c *cluster) setStatus(ctx context.Context, object *unstructured.Unstructured, resource string, status document) error {
	err := c.mergePatch(ctx, object, resource, document{"status": status}, "status")
	if !apierrors.IsNotFound(err) {
		return err
	}
	// Without the subresource each change of the status makes a new generation: one that was observed can never be named.
	if list, ok := status["conditions"].([]map[string]any); ok {
		for _, condition := range list {
			delete(condition, "observedGeneration")
		}
	}
	return c.mergePatch(ctx, object, resource, document{"status": status})
}

// setTrue makes the named conditions true for the present generation and leaves other conditions alone.
func (c *cluster) setTrue(ctx context.Context, object *unstructured.Unstructured, resource string, names ...string) error {
	list := conditions(object)
	changed := false
	for _, name := range names {
		at := slices.IndexFunc(list, func(c map[string]any) bool { return c["type"] == name })
		if at >= 0 && list[at]["status"] == "True" && (list[at]["observedGeneration"] == nil || number(list[at]["observedGeneration"]) == object.GetGeneration()) {
			continue
		}
		changed = true
		condition := document{
			"type": name, "status": "True", "reason": "Simulated", "message": "set by the sandbox",
			"observedGeneration": object.GetGeneration(), "lastTransitionTime": time.Now().UTC().Format(time.RFC3339),
		}
		if at < 0 {
			list = append(list, condition)
		} else {
			list[at] = condition
		}
	}
	if !changed {
		return nil
	}
	return c.setStatus(ctx, object, resource, document{"conditions": list})
}

func number(value any) int64 {
	switch n := value.(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	}
	return -1
}

// createOwned makes an object that goes when its owner goes; one that is there already is left as it is.
func (c *cluster) createOwned(ctx context.Context, owner *unstructured.Unstructured, resource schema.GroupVersionResource, object document) error {
	made := &unstructured.Unstructured{Object: object}
	made.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: owner.GetAPIVersion(), Kind: owner.GetKind(), Name: owner.GetName(), UID: owner.GetUID(),
	}})
	made.SetNamespace(owner.GetNamespace())
	client := dynamic.ResourceInterface(c.client.Resource(resource))
	if owner.GetNamespace() != "" {
		client = c.client.Resource(resource).Namespace(owner.GetNamespace())
	}
	_, err := client.Create(ctx, made, metav1.CreateOptions{FieldManager: "bear-sandbox"})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
