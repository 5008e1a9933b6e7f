"""The peer of the lab benchmark: COUNT hosts on four Linux bridges, up and down, by Mininet's own API."""

import sys

from mininet.net import Mininet
from mininet.nodelib import LinuxBridge

BRIDGES = 4


def main(count):
    net = Mininet(switch=LinuxBridge, controller=None)
    switches = [net.addSwitch("s%d" % (number + 1)) for number in range(BRIDGES)]
    for number in range(count):
        group, position = number % BRIDGES, number // BRIDGES
        address = "10.%d.%d.%d/16" % (100 + group, position // 250, position % 250 + 2)
        net.addLink(net.addHost("h%d" % number, ip=address), switches[group])
    net.start()
    net.stop()


main(int(sys.argv[1]))
