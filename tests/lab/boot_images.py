# boot_images.py DISK CD: a disk and a CD that a PC's BIOS boots. Each says once a second on the first serial port which
# it is: as long as nobody has opened QEMU's pty, what is said is lost.
import struct
import sys

# org 0x7c00: cld; xor ax, ax; mov ds, ax; cli; mov si, text
# next: lodsb; test al, al; jz said; mov ah, al
#       mov dx, 0x3fd; 1: in al, dx; test al, 0x20; jz 1b            the transmitter is empty
#       mov dx, 0x3f8; mov al, ah; out dx, al; jmp next
# said: sti; mov cx, 18; 1: hlt; loop 1b; jmp 0x7c00                 the BIOS's clock ticks 18.2 times a second
CODE = bytes.fromhex(
    "fc 31c0 8ed8 fa be297c ac 84c0 7412 88c4 bafd03 ec a820 74fb baf803 88e0 ee ebe9 fb b91200 f4 e2fd ebd7"
)


def boot_sector(text):
    return (CODE + text + b"\r\n\0").ljust(510, b"\0") + b"\x55\xaa"


def both(kind, value):  # ISO 9660 stores numbers in both orders
    return struct.pack("<" + kind, value) + struct.pack(">" + kind, value)


# "El Torito" 1.0: the boot record at sector 17 leads to the catalogue, which leads to the boot sector.
def bootable_cd(boot):
    root = bytes([34, 0]) + both("I", 18) + both("I", 2048) + bytes(7) + bytes([2, 0, 0]) + both("H", 1) + bytes([1, 0])
    volume = b"\1CD001\1\0" + b" " * 32 + b"BULKHEAD".ljust(32) + bytes(8) + both("I", 21) + bytes(32)
    volume += both("H", 1) + both("H", 1) + both("H", 2048) + both("I", 10) + bytes(16) + root
    record = b"\0CD001\1" + b"EL TORITO SPECIFICATION".ljust(32, b"\0") + bytes(32) + struct.pack("<I", 19)
    entry = struct.pack("<BBH24s", 1, 0, 0, b"")
    total = (sum(struct.unpack("<14H", entry)) + 0xAA55) & 0xFFFF
    catalogue = entry + struct.pack("<H", -total & 0xFFFF) + b"\x55\xaa" + struct.pack("<BBHBBHI", 0x88, 0, 0, 0, 0, 4, 20)
    sectors = [volume, record, b"\xffCD001\1", catalogue, boot]
    return bytes(16 * 2048) + b"".join(sector.ljust(2048, b"\0") for sector in sectors)


with open(sys.argv[1], "wb") as disk:
    disk.write(boot_sector(b"booted from the disk").ljust(1 << 20, b"\0"))
with open(sys.argv[2], "wb") as cd:
    cd.write(bootable_cd(boot_sector(b"booted from the CD")))
