//go:build !amd64

package main

import "errors"

func socket32() (string, error) { return "", errors.New("not of this architecture") }

func socketX32() (string, error) { return "", errors.New("not of this architecture") }
