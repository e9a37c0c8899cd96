package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	renewBefore   = 30 * 24 * time.Hour
)

// pair is a certificate with its key, PEM encoded.
type pair struct{ cert, key []byte }

// authority signs everything inside one sandbox; nothing outside trusts it.
type authority struct {
	pair
	parsed *x509.Certificate
	signer crypto.Signer
}

// leaf says what one certificate is for.
type leaf struct {
	name          string // file name and common name
	organizations []string
	dnsNames      []string
	ips           []net.IP
	usages        []x509.ExtKeyUsage
}

var (
	both   = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	client = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	server = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
)

var loopback = net.IPv4(127, 0, 0, 1)

// leaves lists every certificate of a control plane. etcd has its own pair of roles under the same authority, told apart by name.
func leaves() []leaf {
	return []leaf{
		{
			name: "kube-apiserver", usages: server, ips: []net.IP{loopback, net.IPv4(10, 96, 0, 1)},
			dnsNames: []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		},
		{name: "admin", usages: client, organizations: []string{"system:masters"}},
		{name: "bear-sandbox", usages: client, organizations: []string{"system:masters"}},
		{name: "kwok", usages: client, organizations: []string{"system:masters"}},
		{name: "system:kube-controller-manager", usages: client},
		{name: "system:kube-scheduler", usages: client},
	}
}

func etcdLeaves() []leaf {
	return []leaf{
		{name: "etcd", usages: both, ips: []net.IP{loopback}, dnsNames: []string{"localhost"}},
		{name: "etcd-client", usages: client},
	}
}

// ensurePKI makes what is missing or about to run out and leaves the rest alone, so that a kubeconfig outlives a restart.
func ensurePKI(dir string) (*authority, error) {
	ca, fresh, err := ensureAuthority(dir, "ca")
	if err != nil {
		return nil, err
	}
	for _, l := range leaves() {
		if err := ca.ensureLeaf(dir, l, fresh); err != nil {
			return nil, err
		}
	}
	// A client of the API must not be a client of its database: etcd trusts an authority of its own.
	etcdCA, fresh, err := ensureAuthority(dir, "etcd-ca")
	if err != nil {
		return nil, err
	}
	for _, l := range etcdLeaves() {
		if err := etcdCA.ensureLeaf(dir, l, fresh); err != nil {
			return nil, err
		}
	}
	return ca, ensureServiceAccountKey(filepath.Join(dir, "service-account.key"))
}

func ensureAuthority(dir, name string) (*authority, bool, error) {
	certPath, keyPath := filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	if ca, err := loadAuthority(certPath, keyPath); err == nil {
		return ca, false, nil
	} else if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errExpired) {
		return nil, false, err
	}
	made, err := issue(&x509.Certificate{
		Subject:               pkix.Name{CommonName: "bearstack sandbox " + name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}, authorityLife, nil)
	if err != nil {
		return nil, false, err
	}
	if err := writePair(certPath, keyPath, made); err != nil {
		return nil, false, err
	}
	ca, err := loadAuthority(certPath, keyPath)
	return ca, true, err
}

var errExpired = errors.New("the certificate is about to run out")

func loadAuthority(certPath, keyPath string) (*authority, error) {
	cert, err := os.ReadFile(certPath)
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(keyPath)
	if err != nil {
		return nil, err
	}
	loaded, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certPath, err)
	}
	if time.Until(loaded.Leaf.NotAfter) < renewBefore {
		return nil, errExpired
	}
	return &authority{pair{cert, key}, loaded.Leaf, loaded.PrivateKey.(crypto.Signer)}, nil
}

func (ca *authority) ensureLeaf(dir string, l leaf, force bool) error {
	certPath, keyPath := filepath.Join(dir, l.name+".crt"), filepath.Join(dir, l.name+".key")
	if loaded, err := tls.LoadX509KeyPair(certPath, keyPath); !force && err == nil && time.Until(loaded.Leaf.NotAfter) > renewBefore {
		return nil
	}
	made, err := issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: l.name, Organization: l.organizations},
		DNSNames:    l.dnsNames,
		IPAddresses: l.ips,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: l.usages,
	}, leafLife, ca)
	if err != nil {
		return err
	}
	return writePair(certPath, keyPath, made)
}

// issue makes a key and a certificate for it; without an authority the certificate signs itself.
func issue(template *x509.Certificate, life time.Duration, by *authority) (pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return pair{}, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return pair{}, err
	}
	// An hour back, for clocks that disagree.
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(life)
	parent, signer := template, crypto.Signer(key)
	if by != nil {
		parent, signer = by.parsed, by.signer
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return pair{}, err
	}
	rawKey, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pair{}, err
	}
	return pair{
		cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: rawKey}),
	}, nil
}

func writePair(certPath, keyPath string, p pair) error {
	if err := writeFile(keyPath, p.key); err != nil {
		return err
	}
	return writeFile(certPath, p.cert)
}

// ensureServiceAccountKey keeps the key that signs pod tokens: a new one would void every token in the database.
func ensureServiceAccountKey(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
}
