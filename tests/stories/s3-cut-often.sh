#!/usr/bin/env bash
# heavy
# `s3-cut.sh`, forty times.
PIPEFORM_CUTS=${PIPEFORM_CUTS:-40} . ./s3-cut.sh
