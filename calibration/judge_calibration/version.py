"""The library's version: part of every report and of every map."""

VERSION = "0.1.0"
