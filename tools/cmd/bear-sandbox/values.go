package main

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var getOptions = metav1.GetOptions{}

const certificateLife = 90 * 24 * time.Hour

// selfSigned makes the certificate a cert-manager Certificate describes, with its names and its life.
func selfSigned(object *unstructured.Unstructured) (pair, error) {
	spec := asMap(object.Object["spec"])
	commonName, _ := spec["commonName"].(string)
	dnsNames, _, _ := unstructured.NestedStringSlice(spec, "dnsNames")
	addresses, _, _ := unstructured.NestedStringSlice(spec, "ipAddresses")
	isCA, _, _ := unstructured.NestedBool(spec, "isCA")
	life := certificateLife
	if text, _ := spec["duration"].(string); text != "" {
		if asked, err := time.ParseDuration(text); err == nil {
			life = asked
		}
	}
	if commonName == "" && len(dnsNames) > 0 && len(dnsNames[0]) <= 64 {
		commonName = dnsNames[0]
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: commonName, OrganizationalUnit: []string{"simulated by the sandbox"}}, DNSNames: dnsNames,
		IsCA: isCA, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: both,
	}
	if isCA {
		template.KeyUsage |= x509.KeyUsageCertSign
		template.ExtKeyUsage = nil
	}
	for _, text := range addresses {
		if ip := net.ParseIP(text); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		}
	}
	return issue(template, life, nil)
}

// standInValues gives every key a value that the API server accepts for it; where any will do it is random, as a secret is.
func standInValues(keys []string) (map[string]string, error) {
	values := map[string]string{}
	for _, key := range keys {
		switch key {
		case "tls.crt", "tls.key":
			if values[key] != "" {
				continue
			}
			made, err := issue(&x509.Certificate{Subject: pkix.Name{CommonName: "sandbox"}, DNSNames: []string{"sandbox"}}, certificateLife, nil)
			if err != nil {
				return nil, err
			}
			values["tls.crt"], values["tls.key"] = string(made.cert), string(made.key)
		case ".dockerconfigjson":
			values[key] = `{"auths":{}}`
		case ".dockercfg":
			values[key] = `{}`
		default:
			values[key] = "sandbox-" + rand.Text()
		}
	}
	return values, nil
}
