package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// builtIn are stand-ins for kinds every cluster has.
var builtIn = []standIn{
	{"", "v1", "services", loadBalancer},
	{"apiregistration.k8s.io", "v1", "apiservices", trustAggregated},
}

// customResources are stand-ins for kinds whose controllers are simulated pods. docs/sandbox.md lists them for users.
var customResources = []standIn{
	{group: "cert-manager.io", resource: "certificates", act: certificate},
	{group: "cert-manager.io", resource: "issuers", act: isTrue("issuers", "Ready")},
	{group: "cert-manager.io", resource: "clusterissuers", act: isTrue("clusterissuers", "Ready")},

	{group: "bitnami.com", resource: "sealedsecrets", act: sealedSecret},
	{group: "external-secrets.io", resource: "externalsecrets", act: externalSecret},
	{group: "external-secrets.io", resource: "secretstores", act: isTrue("secretstores", "Ready")},
	{group: "external-secrets.io", resource: "clustersecretstores", act: isTrue("clustersecretstores", "Ready")},

	{group: "templates.gatekeeper.sh", resource: "constrainttemplates", act: constraintTemplate},

	{group: "gateway.networking.k8s.io", resource: "gatewayclasses", act: isTrue("gatewayclasses", "Accepted")},
	{group: "gateway.networking.k8s.io", resource: "gateways", act: isTrue("gateways", "Accepted", "Programmed")},

	{group: "fluxcd.controlplane.io", resource: "fluxinstances", act: isTrue("fluxinstances", "Ready")},
	{group: "operator.tekton.dev", resource: "tektonconfigs", act: isTrue("tektonconfigs", "Ready")},

	{group: "argoproj.io", resource: "applications", act: finalized("applications")},
	{group: "argoproj.io", resource: "applicationsets", act: finalized("applicationsets")},
	{group: "argoproj.io", resource: "appprojects", act: finalized("appprojects")},
}

var secrets = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}

// isTrue reports the named conditions as true.
func isTrue(resource string, names ...string) reconcile {
	return func(ctx context.Context, c *cluster, object *unstructured.Unstructured) error {
		if object.GetDeletionTimestamp() != nil {
			return nil
		}
		return c.setTrue(ctx, object, resource, names...)
	}
}

// finalized lets go of an object that is being deleted: its controller, which would clean up first, does not run.
func finalized(resource string) reconcile {
	return func(ctx context.Context, c *cluster, object *unstructured.Unstructured) error {
		if object.GetDeletionTimestamp() == nil || len(object.GetFinalizers()) == 0 {
			return nil
		}
		return c.mergePatch(ctx, object, resource, document{"metadata": document{"finalizers": nil}})
	}
}

// trustAggregated lets the API server accept the stand-in that answers for an aggregated API.
func trustAggregated(ctx context.Context, c *cluster, object *unstructured.Unstructured) error {
	spec, _ := object.Object["spec"].(map[string]any)
	if spec["service"] == nil || (spec["caBundle"] == nil && spec["insecureSkipTLSVerify"] == true) {
		return nil
	}
	return c.mergePatch(ctx, object, "apiservices", document{"spec": document{"caBundle": nil, "insecureSkipTLSVerify": true}})
}

// trustConversion does the same for conversion webhooks, which must name an authority.
func trustConversion(ctx context.Context, c *cluster, crd *unstructured.Unstructured) error {
	client, found, _ := unstructured.NestedMap(crd.Object, "spec", "conversion", "webhook", "clientConfig")
	bundle := base64.StdEncoding.EncodeToString(c.ca.cert)
	if !found || client["service"] == nil || client["caBundle"] == bundle || crd.GetDeletionTimestamp() != nil {
		return nil
	}
	patch := document{"spec": document{"conversion": document{"webhook": document{"clientConfig": document{"caBundle": bundle}}}}}
	return c.mergePatch(ctx, crd, "customresourcedefinitions", patch)
}

// certificate issues what was asked for, signed by itself, and reports it ready.
func certificate(ctx context.Context, c *cluster, object *unstructured.Unstructured) error {
	name, _, _ := unstructured.NestedString(object.Object, "spec", "secretName")
	if object.GetDeletionTimestamp() != nil || name == "" {
		return nil
	}
	if missing, err := c.lacksSecret(ctx, object.GetNamespace(), name); err != nil {
		return err
	} else if missing {
		made, err := selfSigned(object)
		if err != nil {
			return err
		}
		data := map[string]string{"tls.crt": string(made.cert), "tls.key": string(made.key), "ca.crt": string(made.cert)}
		metadata, _, _ := unstructured.NestedMap(object.Object, "spec", "secretTemplate")
		if err := c.createSecret(ctx, object, name, "kubernetes.io/tls", metadata, data); err != nil {
			return err
		}
	}
	return c.setTrue(ctx, object, "certificates", "Ready")
}

// sealedSecret makes the Secret with the right keys. The values are stand-ins: the key that would open them lives in a simulated pod.
func sealedSecret(ctx context.Context, c *cluster, object *unstructured.Unstructured) error {
	encrypted, _, _ := unstructured.NestedMap(object.Object, "spec", "encryptedData")
	template, _, _ := unstructured.NestedMap(object.Object, "spec", "template")
	return simulateSecret(ctx, c, object, "sealedsecrets", "Synced", object.GetName(), template, keysOf(encrypted))
}

// externalSecret makes the Secret with the keys it names; keys that only the store knows (dataFrom) stay unknown.
func externalSecret(ctx context.Context, c *cluster, object *unstructured.Unstructured) error {
	target, _, _ := unstructured.NestedMap(object.Object, "spec", "target")
	if policy := target["creationPolicy"]; policy == "None" || policy == "Merge" {
		return isTrue("externalsecrets", "Ready")(ctx, c, object)
	}
	name, _ := target["name"].(string)
	if name == "" {
		name = object.GetName()
	}
	template, _ := target["template"].(map[string]any)
	var keys []string
	if templated, ok := template["data"].(map[string]any); ok {
		keys = keysOf(templated)
	} else {
		data, _, _ := unstructured.NestedSlice(object.Object, "spec", "data")
		for _, entry := range data {
			if key, _, _ := unstructured.NestedString(asMap(entry), "secretKey"); key != "" {
				keys = append(keys, key)
			}
		}
	}
	return simulateSecret(ctx, c, object, "externalsecrets", "Ready", name, template, keys)
}

func simulateSecret(ctx context.Context, c *cluster, object *unstructured.Unstructured, resource, condition, name string, template document, keys []string) error {
	if object.GetDeletionTimestamp() != nil {
		return nil
	}
	if missing, err := c.lacksSecret(ctx, object.GetNamespace(), name); err != nil {
		return err
	} else if missing {
		data, err := standInValues(keys)
		if err != nil {
			return err
		}
		kind, _ := template["type"].(string)
		if err := c.createSecret(ctx, object, name, kind, asMap(template["metadata"]), data); err != nil {
			return err
		}
	}
	return c.setTrue(ctx, object, resource, condition)
}

// constraintTemplate makes the CRD of the constraint, as Gatekeeper would.
func constraintTemplate(ctx context.Context, c *cluster, object *unstructured.Unstructured) error {
	created, _, _ := unstructured.NestedBool(object.Object, "status", "created")
	kind, _, _ := unstructured.NestedString(object.Object, "spec", "crd", "spec", "names", "kind")
	if created || kind == "" || object.GetDeletionTimestamp() != nil {
		return nil
	}
	open := document{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	parameters, found, _ := unstructured.NestedMap(object.Object, "spec", "crd", "spec", "validation", "openAPIV3Schema")
	if !found {
		parameters = open
	}
	crds := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	err := c.createOwned(ctx, object, crds, constraintCRD(kind, parameters))
	if apierrors.IsInvalid(err) {
		// Old templates carry a schema that a CRD may not have; Gatekeeper opens it as well.
		err = c.createOwned(ctx, object, crds, constraintCRD(kind, open))
	}
	if err != nil {
		return err
	}
	return c.setStatus(ctx, object, "constrainttemplates", document{"created": true})
}

func constraintCRD(kind string, parameters document) document {
	plural := strings.ToLower(kind)
	open := document{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	spec := document{"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": document{"parameters": parameters}}
	return document{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": document{"name": plural + ".constraints.gatekeeper.sh", "labels": document{"gatekeeper.sh/constraint": "yes"}},
		"spec": document{
			"group": "constraints.gatekeeper.sh", "scope": "Cluster",
			"names": document{"kind": kind, "listKind": kind + "List", "plural": plural, "singular": plural},
			"versions": []any{document{
				"name": "v1beta1", "served": true, "storage": true, "subresources": document{"status": document{}},
				"schema": document{"openAPIV3Schema": document{"type": "object", "properties": document{"spec": spec, "status": open}}},
			}},
		},
	}
}

func asMap(value any) map[string]any {
	found, _ := value.(map[string]any)
	return found
}

func keysOf(values map[string]any) []string {
	var keys []string
	for key := range values {
		keys = append(keys, key)
	}
	return keys
}

func (c *cluster) lacksSecret(ctx context.Context, namespace, name string) (bool, error) {
	_, err := c.client.Resource(secrets).Namespace(namespace).Get(ctx, name, getOptions)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	return false, err
}

func (c *cluster) createSecret(ctx context.Context, owner *unstructured.Unstructured, name, kind string, template document, data map[string]string) error {
	encoded := document{}
	for key, value := range data {
		encoded[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	metadata := document{"name": name}
	for _, field := range []string{"labels", "annotations"} {
		if values := asMap(template[field]); values != nil {
			metadata[field] = values
		}
	}
	secret := document{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}
	if kind != "" {
		secret["type"] = kind
	}
	if err := c.createOwned(ctx, owner, secrets, secret); err != nil {
		return fmt.Errorf("Secret %s/%s: %w", owner.GetNamespace(), name, err)
	}
	return nil
}
